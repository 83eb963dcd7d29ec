package helpscout

import (
	"context"
	"net/http"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Check tries App ID and App Secret, and reads who they act for and the names
// of teams and inboxes.
func (d *helpScout) Check(ctx context.Context) (desk.Profile, error) {
	me, err := d.me(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: me.deskID()}
	if !me.manages() {
		p.Problemf("the user who owns the app is no administrator, so that Deskbridge can neither make nor delete users: give that user the role Administrator at Manage > Users")
	}
	for _, list := range []struct {
		of    kind
		names *[]string
	}{{teams, &p.Teams}, {mailboxes, &p.Mailboxes}} {
		units, err := d.directory.catalogues[list.of].Reread(ctx)
		if err != nil {
			return desk.Profile{}, err
		}
		for _, unit := range units {
			*list.names = append(*list.names, unit.Name)
		}
		slices.Sort(*list.names)
	}
	if len(p.Mailboxes) == 0 {
		p.Problemf("Help Scout shows no inbox: give the user who owns the app access to the inboxes that rules name, at Manage > Users")
	}
	return p, nil
}

// me returns the user that the credentials act for.
func (d *helpScout) me(ctx context.Context) (*user, error) {
	var me user
	if err := d.client.get(ctx, "/users/me", nil, &me); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			return nil, desk.Errorf(desk.Retryable, "there is no Inbox API 2.0 at the desk's URL; leave it out for Help Scout itself")
		}
		return nil, err
	}
	if !me.person() {
		return nil, desk.Errorf(desk.Retryable, "Help Scout does not say which user owns the app")
	}
	return &me, nil
}

// Delete deletes a user. What was assigned to it becomes unassigned. Never the
// user who owns the app: the API would stop for us.
func (d *helpScout) Delete(ctx context.Context, id provision.DeskUserID) error {
	n, ok := parseID(id)
	if !ok {
		return nil // nobody has ever had such an id
	}
	me, err := d.me(ctx)
	if err != nil {
		return err
	}
	if me.ID == n {
		return desk.Errorf(desk.Permanent, "user %s of Help Scout owns the app that Deskbridge uses; let another user own it first", id)
	}
	err = d.client.write(ctx, http.MethodDelete, "/users/"+formatID(n), nil)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return refusedTo("delete user "+string(id)+", who may still be in the automatic assignment of an inbox; if not, delete the user at Manage > Users", err)
}

// Admins counts administrators and the owner.
func (d *helpScout) Admins(ctx context.Context) (int, error) {
	all, err := list[user](ctx, d.client, "/users", "users", nil)
	if err != nil {
		return 0, err
	}
	admins := map[int64]bool{}
	for _, u := range all {
		if u.person() && u.active() && u.manages() {
			admins[u.ID] = true
		}
	}
	return len(admins), nil
}
