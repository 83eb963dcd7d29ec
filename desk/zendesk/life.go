package zendesk

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user whose address counts as verified, and has no mail sent unless
// the settings say so. Zendesk has a call that would change whoever has the address
// already: it is not used. Groups come afterwards, besides the default one that
// Zendesk gives.
func (d *zendesk) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	if _, err := d.groups.Resolve(ctx, want.Teams, nil); err != nil {
		return nil, err
	}
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := d.roleFields(ctx, want.Role, limited)
	if err != nil {
		return nil, err
	}
	fit := d.Fit(want)
	local, _, _ := strings.Cut(want.Email, "@")
	fields["name"], fields["email"], fields["verified"] = cmp.Or(fit.DisplayName, local), want.Email, true
	if want.ExternalID != "" {
		fields["external_id"] = want.ExternalID
	}
	if fit.Phone != "" {
		fields["phone"] = fit.Phone
	}
	if !want.Active {
		fields["suspended"] = true
	}
	if d.settings.welcomeEmail {
		delete(fields, "verified")
	} else {
		fields["skip_verify_email"] = true
	}
	var made struct {
		User struct {
			ID int64 `json:"id"`
		}
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: map[string]any{"user": fields}, Want: http.StatusCreated}, &made)
	d.people.Doubt() // whatever came of it
	d.members.Doubt()
	if err != nil {
		return nil, d.takenBy(ctx, refusedTo(err, "make the user"), want.Email)
	}
	return d.users.Created(ctx, kit.Patience{Looks: 1}, made.User.ID, want, people.Made{Marked: true, SameEmail: people.SameText, RoleNames: d.Capabilities().RoleNames}, d.whole)
}

// Delete removes a user. Zendesk keeps what the person wrote, under their name, and
// gives what is open to the service account, or to the oldest agent of its group.
func (d *zendesk) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.users.Remove(ctx, id, func() error {
		r, err := d.mayChange(ctx, id)
		if err != nil {
			return err
		}
		err = d.client.Delete(ctx, r.path())
		d.people.Doubt()                // whatever came of it
		if errors.Is(err, errRefused) { // of one who has asked for help in tickets that are open
			return &desk.Error{Kind: desk.Permanent, Err: err, Detail: "Zendesk refuses to delete user " + string(id) + " (HTTP 422), as it does while the person is the requester of tickets that are not closed: solve those, or change their requester, at Admin Center > People > (the user) > Tickets > Requested tickets; then run `deskbridge retry`. The user is suspended until then"}
		}
		return err
	})
}

// deletedName is what Zendesk calls everybody who was deleted for good.
const deletedName = "Permanently Deleted User"

// Anonymize deletes a user, and then for good: Zendesk erases who it was, in the course of
// some days in its other products. What the person wrote stays, under nobody's name.
func (d *zendesk) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	if err := d.Delete(ctx, id); err != nil {
		return err
	}
	if _, err := d.deleted(ctx, id); err != nil {
		return edit.Gone(err)
	}
	return edit.Remove(ctx, id, d.deleted, func() error {
		return refusedTo(d.client.Delete(ctx, "/deleted_users/"+string(id)), "delete user %s for good", id)
	}, func() error { return vendor.Disobeyed("delete user %s for good", id) })
}

// deleted returns a user who is deleted, and not for good. Anybody else is NotFound.
func (d *zendesk) deleted(ctx context.Context, id provision.DeskUserID) (*record, error) {
	shell, err := kit.One[record]{Client: d.client.Client, What: "deleted user", Path: "/deleted_users/", Key: "deleted_user", Is: func(r *record, number string) bool {
		return string(r.id()) == number
	}}.Read(ctx, string(id))
	if err == nil && shell.Name == deletedName && shell.Email == "" {
		err = desk.Errorf(desk.NotFound, "user %s of Zendesk is deleted for good", id)
	}
	return shell, err
}
