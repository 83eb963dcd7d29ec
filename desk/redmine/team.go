package redmine

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// ChangeTeams adds the user to groups and removes it from groups.
func (d *redmine) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, *record, kit.Entry]{
		Read: d.read, Find: d.findTeam, Missing: func(name string) error { return noTeam(desk.Permanent, name) },
		In: (*record).memberOf, Join: d.join, Leave: d.leave,
		NotJoined: func(id provision.DeskUserID, g kit.Entry) error {
			return vendor.Disobeyed("add user %s to the group %s", id, g.Name)
		},
		NotLeft: func(id provision.DeskUserID, g kit.Entry) error {
			return vendor.Disobeyed("remove user %s from the group %s", id, g.Name)
		},
	}.Change(ctx, id, add, remove)
}

// join adds a user to a group. Redmine refuses one who is in it already: somebody
// else was faster.
func (d *redmine) join(ctx context.Context, r *record, g kit.Entry) error {
	err := d.client.Post(ctx, "/groups/"+number(g.ID)+"/users", map[string]any{"user_id": r.ID}, nil)
	if errors.Is(err, errRefused) {
		return nil // whoever reads back sees
	}
	return edit.PlaceGone(err)
}

// leave removes a user from a group; Redmine does not mind one who is not in it.
func (d *redmine) leave(ctx context.Context, r *record, g kit.Entry) error {
	return edit.PlaceGone(d.client.Delete(ctx, "/groups/"+number(g.ID)+"/users/"+number(r.ID)))
}
