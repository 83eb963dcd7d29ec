package requesttracker

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

var vendor = kit.Vendor{
	Name:         "RT",
	API:          "REST 2.0",
	Unauthorized: "RT refuses the token; is the service account enabled? Make a new token at Admin > Users > (the service account) > Auth Tokens",
	Forbidden:    "the service account may not do this; compare its rights at Admin > Global > User Rights with the documentation",
	NotFound:     "RT has no such record",
}

// explain makes e say what the status of an answer means on RT.
func explain(a *kit.Answer, e *desk.Error) {
	said := message(a.Body)
	sentence := known(said)
	switch {
	case a.Status == http.StatusNotFound && said == "":
		// RT says it in JSON. To take a proxy's page for "no such user" would
		// mean to make the user again.
		*e = *vendor.Foreign(a.Status)
		e.Detail = "somebody other than RT answers (HTTP 404); is a proxy in the way?"
	case a.Status == http.StatusMethodNotAllowed:
		*e = *desk.Errorf(desk.Permanent, "this is not REST 2.0 of Request Tracker 5 (HTTP %d); check the desk's URL", a.Status)
	case e.Kind == desk.Permanent && e.Err == nil && sentence != "":
		e.Detail += ": " + sentence
	}
}

// message returns the sentence in RT's error document.
func message(body []byte) string {
	var doc struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &doc) // no sentence is an answer too
	return doc.Message
}

// sentences are what RT is known to say. Others are not passed on: they may
// hold names and addresses.
var sentences = []string{
	"Name in use",
	"Email address in use",
	"Could not create user",
	"Invalid syntax for email address",
	"Permission Denied",
	"Couldn't find that principal",
	"That user may not own tickets in that queue",
	"That user does not exist",
	"You can only reassign tickets that you own or that are unowned",
	"JSON parse error",
}

// known returns the known sentence within said; "" when there is none.
func known(said ...string) string {
	for _, text := range said {
		for _, sentence := range sentences {
			if strings.Contains(text, sentence) {
				return sentence
			}
		}
	}
	return ""
}

// disobeyed is the error for a write that RT answered with 200 and did not
// carry out. advice is for the case that RT does not say why.
func disobeyed(what string, said []string, advice string) *desk.Error {
	switch sentence := known(said...); sentence {
	case "":
		return notShown("RT did not %s; %s", what, advice)
	case "Permission Denied":
		return desk.Errorf(desk.Permanent, "RT did not %s: the service account lacks a right; %s", what, advice)
	default:
		return desk.Errorf(desk.Permanent, "RT did not %s: %s; %s", what, sentence, advice)
	}
}

// notShown is the error for a write that RT took without a word against it, and
// does not show.
func notShown(format string, args ...any) *desk.Error {
	e := desk.Errorf(desk.Permanent, format, args...)
	e.NotShown = true
	return e
}
