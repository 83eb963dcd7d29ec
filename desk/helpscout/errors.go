package helpscout

import (
	"errors"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/quota"
)

// errRefused is the kind of a refusal that may mean that a value is taken.
var errRefused = errors.New("refused")

var vendor = kit.Vendor{
	Name:         "Help Scout",
	API:          "the Inbox API",
	Unauthorized: "Help Scout refuses the access token; is the user who owns the app active and invited, and does the app still exist? See Your Profile > My Apps of that user",
	Forbidden:    "the user who owns the app may not do this; give that user the role Administrator at Manage > Users",
	NotFound:     "Help Scout has no such object",
}

// explain makes e say what the status of an answer means at Help Scout.
func explain(a *kit.Answer, e *desk.Error) {
	r := kit.ReadHALRefusal(a)
	r.Kind = e.Err
	switch {
	case a.Status == http.StatusTooManyRequests:
		*e = *quota.UsedUp(vendor, e.RetryAfter)
	case e.Kind == desk.Permanent && e.Err == nil:
		r.Kind, e.Field = errRefused, r.Fields
	}
	e.Err = r
}

// refusedTo names the step in a refusal: "Help Scout refuses to delete user 71".
func refusedTo(step string, err error) error {
	r, ok := errors.AsType[*kit.HALRefusal](err)
	if !ok || !errors.Is(r.Kind, errRefused) {
		return err
	}
	named := desk.Errorf(desk.Permanent, "Help Scout refuses to %s (HTTP %d)", step, r.Status)
	named.Field, named.Err = r.Fields, err
	return named
}
