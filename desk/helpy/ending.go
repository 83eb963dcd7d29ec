package helpy

import (
	"context"
	"net/http"
	"regexp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// Delete removes a user for good, with all tickets that the user has opened, and
// every answer that the user has ever written. Helpy unassigns the user's tickets.
// It does so in the background.
func (d *helpy) Delete(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.ending(ctx, id, "delete")
	if r == nil || err != nil {
		return err
	}
	return edit.Remove(ctx, id, d.users.read, func() error {
		_, err := d.client.Do(ctx, kit.Call{Method: http.MethodDelete, Path: r.path(), Want: http.StatusNoContent}, nil)
		return edit.Gone(err)
	}, func() error { return disobeyed("delete user " + string(id)) }) // yet
}

// nameless is the form of the address that Helpy gives to who is anonymized.
var nameless = regexp.MustCompile(`^change@me-[0-9a-f]+\.anonymous$`)

// Anonymize takes everything personal from a user for good but the notes that
// others have written about them. Helpy deactivates the user, takes the role away
// and unassigns the tickets.
func (d *helpy) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.ending(ctx, id, "anonymize")
	if r == nil || err != nil || nameless.MatchString(r.Email) && !r.Active {
		return err
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users/anonymize/" + string(id), Want: http.StatusCreated}, nil)
	if edit.Gone(err) != nil {
		return err
	}
	return edit.Gone(kit.ReadBack(ctx, id, d.users.read, func(now *record) error {
		if now.Active || now.role() != provision.RoleNone || sameText(now.Email, r.Email) || now.AccountNumber != "" {
			return disobeyed("anonymize user " + string(id))
		}
		return nil
	}))
}

// ending returns the user who is to be ended for good; nil when there is none.
// Helpy does nothing to an admin and to its own user, and says that it did.
func (d *helpy) ending(ctx context.Context, id provision.DeskUserID, what string) (*record, error) {
	r, err := d.users.read(ctx, id)
	switch {
	case err != nil:
		return nil, edit.Gone(err)
	case r.role() == provision.RoleAdmin:
		return nil, desk.Errorf(desk.Permanent, "Helpy does not %s admins: give user %s another role before, at Users > (the user) > Edit User > Role", what, id)
	}
	return r, notSystem(r)
}

// remains is what is left of a user who is deactivated, or an agent no more.
var remains = desk.Remains{
	Check: []string{
		"API keys of the person: Helpy asks them for the role only, so that they end with the role and are back with it. To end one for good: sign in as that user, Settings > API Keys, delete it.",
		"Invitations that are open, which Helpy's API does not show: Users > Team.",
	},
	Stays: []string{"tickets and answers, with the name", "groups, without a meaning", "articles of the knowledge base"},
}
