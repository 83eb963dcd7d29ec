package helpscout

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// routing is the automatic assignment of an inbox (vendor's reference, Get and
// Update Routing configuration, read in November 2026). An update replaces all
// of it.
type routing struct {
	State  string  `json:"state"` // enabled or disabled
	Limit  int     `json:"assignmentLimit"`
	Method string  `json:"assignmentMethod"`
	Users  []int64 `json:"userIds"` // may not be empty while it is enabled
}

const routingEnabled, routingDisabled = "enabled", "disabled"

// StopInflow implements [desk.InflowStopper]: it sets the user's status to away,
// and takes the user out of the rotation of every inbox. A rotation of which
// nobody is left is switched off, because Help Scout takes no empty one.
func (d *helpScout) StopInflow(ctx context.Context, id provision.DeskUserID) error {
	u, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	if err := d.setStatus(ctx, u.ID, away); err != nil && desk.KindOf(err) != desk.NotFound { // 404: an API without it
		return err
	}
	inboxes, err := d.directory.List(ctx, roster.Mailboxes)
	if err != nil {
		return err
	}
	for _, inbox := range inboxes {
		if !u.manages() && d.directory.Excludes(roster.Mailboxes, inbox.ID, u.ID) {
			continue // whoever has no access to an inbox is dealt nothing from it
		}
		if err := d.leaveRotation(ctx, inbox, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// Statuses of a user. Who is away is given nothing by the automatic assignment of
// any inbox, and stays in its rotation (vendor's article 1756, Manage Your Status
// and Availability, read in November 2026).
const away, active = "away", "active"

// SetAway implements [desk.InflowStopper], by the status alone.
func (d *helpScout) SetAway(ctx context.Context, id provision.DeskUserID, gone bool) error {
	u, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	status := active
	if gone {
		status = away
	}
	err = d.setStatus(ctx, u.ID, status)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return desk.Unsupported("set status", "Help Scout has no call for the status of this user; an administrator sets it at Manage > Users > (the user) > "+map[bool]string{true: "Away", false: "Active"}[gone])
	}
	return err
}

func (d *helpScout) setStatus(ctx context.Context, id int64, status string) error {
	err := d.client.write(ctx, http.MethodPut, "/users/"+formatID(id)+"/status", map[string]string{"status": status})
	return refusedTo("set user "+formatID(id)+" to "+status, err)
}

// leaveRotation takes a user out of an inbox's automatic assignment, and looks
// whether that has been done: an update is the whole of it, and somebody else's
// may have come between.
func (d *helpScout) leaveRotation(ctx context.Context, inbox kit.Entry, id int64) error {
	for range maxTries {
		r, err := d.routing(ctx, inbox)
		if err != nil || r == nil || r.State != routingEnabled || !slices.Contains(r.Users, id) {
			return err
		}
		r.Users = slices.DeleteFunc(r.Users, func(other int64) bool { return other == id })
		if len(r.Users) == 0 {
			r.State = routingDisabled
		}
		if err := d.client.write(ctx, http.MethodPut, "/mailboxes/"+formatID(inbox.ID)+"/routing", r); err != nil {
			return refusedTo("take user "+formatID(id)+" out of the automatic assignment of inbox "+inbox.Name, err)
		}
	}
	return vendor.Disobeyed("take user %d out of the automatic assignment of inbox %s", id, inbox.Name)
}

// routing returns the automatic assignment of an inbox; nil where there is none:
// the inbox is gone, or the plan or the API has no such thing.
func (d *helpScout) routing(ctx context.Context, inbox kit.Entry) (*routing, error) {
	var r routing
	err := d.client.get(ctx, "/mailboxes/"+formatID(inbox.ID)+"/routing", &r)
	switch {
	case err != nil && (desk.KindOf(err) == desk.NotFound || errors.Is(err, kit.ErrForbidden)):
		return nil, nil
	case err != nil:
		return nil, err
	case r.State != routingEnabled && r.State != routingDisabled:
		return nil, desk.Errorf(desk.Retryable, "Help Scout answered a question about the automatic assignment of inbox %s with something else", inbox.Name)
	}
	return &r, nil
}
