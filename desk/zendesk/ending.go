package zendesk

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Delete removes a user. Zendesk keeps what the person wrote, under their name, and
// gives what is open to the service account, or to the oldest agent of its group.
func (d *zendesk) Delete(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.mayChange(ctx, id)
	if err == nil {
		err = d.remove(ctx, r)
	}
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

// remove deletes a user who is there. Zendesk refuses that of one who has asked for
// help in tickets that are open.
func (d *zendesk) remove(ctx context.Context, r *record) error {
	err := d.client.Delete(ctx, r.path())
	d.people.Doubt() // whatever came of it
	switch {
	case errors.Is(err, errRefused):
		return &desk.Error{Kind: desk.Permanent, Err: err, Detail: "Zendesk refuses to delete user " + string(r.id()) + " (HTTP 422), as it does while the person is the requester of tickets that are not closed: solve those, or change their requester, at Admin Center > People > (the user) > Tickets > Requested tickets; then run `deskbridge retry`. The user is suspended until then"}
	case err != nil && desk.KindOf(err) != desk.NotFound:
		return err
	}
	if _, err = d.read(ctx, r.id()); err == nil {
		return vendor.Disobeyed("delete user %d", r.ID)
	}
	return err
}

// deletedName is what Zendesk calls everybody who was deleted for good.
const deletedName = "Permanently Deleted User"

// Anonymize deletes a user, and then for good: Zendesk erases who it was, in the course of
// some days in its other products. What the person wrote stays, under nobody's name.
func (d *zendesk) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.mayChange(ctx, id)
	if err == nil {
		err = d.remove(ctx, r)
	}
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return err
	}
	if shell, err := d.deleted(ctx, id); err != nil || shell == nil {
		return err
	}
	err = d.client.Delete(ctx, "/deleted_users/"+string(id))
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return refusedTo(err, "delete user %s for good", id)
	}
	shell, err := d.deleted(ctx, id)
	if err == nil && shell != nil {
		err = vendor.Disobeyed("delete user %s for good", id)
	}
	return err
}

// deleted returns a user who is deleted, and not for good; nil when there is none.
func (d *zendesk) deleted(ctx context.Context, id provision.DeskUserID) (*record, error) {
	if !kit.IsNumber(id) {
		return nil, nil
	}
	var answer struct {
		User *record `json:"deleted_user"`
	}
	err := d.client.Get(ctx, "/deleted_users/"+string(id), nil, &answer)
	switch r := answer.User; {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case r == nil || r.id() != id:
		return nil, desk.Errorf(desk.Retryable, "Zendesk answered a question about the deleted user %s with something else", id)
	case r.Name == deletedName && r.Email == "":
		return nil, nil
	}
	return answer.User, nil
}
