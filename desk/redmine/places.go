package redmine

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// ChangeTeams adds the user to groups and removes it from groups.
func (d *redmine) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, *record, kit.Entry]{
		Read: d.read, Find: d.teams.Find, Missing: d.teams.NoneToJoin,
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
	return edit.PlaceGone(edit.Unless(err, errRefused))
}

// leave removes a user from a group; Redmine does not mind one who is not in it.
func (d *redmine) leave(ctx context.Context, r *record, g kit.Entry) error {
	return edit.PlaceGone(d.client.Delete(ctx, "/groups/"+number(g.ID)+"/users/"+number(r.ID)))
}

// ChangeMailboxes gives and takes the roles that the user itself has in
// projects. Access that comes from a group, or from the project above, is neither
// given nor taken here. To leave, no role need be there.
func (d *redmine) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, *record, kit.Entry]{
		Read: d.read, Find: d.projects.Find, Missing: d.projects.NoneToJoin,
		In: (*record).worksIn, Join: d.open, Leave: d.close,
		NotJoined: func(id provision.DeskUserID, p kit.Entry) error {
			return vendor.Disobeyed("give user %s a role in the project %q", id, p.Name)
		},
		NotLeft: func(id provision.DeskUserID, p kit.Entry) error {
			return desk.NotShownf("user %s keeps a role in the project %q: a group gives the same one, and Redmine takes neither while it does; take the user out of the group, or give the group another role", id, p.Name)
		},
	}.Change(ctx, id, add, remove)
}

// open gives a user who has no role of its own in a project one. Whoever has
// another one there already, given by hand, keeps that and gets no more.
func (d *redmine) open(ctx context.Context, r *record, project kit.Entry) error {
	role, err := d.role(ctx, d.roleOf(r, r.groupNames()))
	if err != nil {
		return err
	}
	m := r.in(project)
	switch {
	case m.inherits(role.ID):
		return desk.Errorf(desk.Permanent, "user %d has the role %s in the project %q through a group or the project above, and Redmine gives nobody a role twice; let the rule name that group as a team and not the project as a mailbox, or give the group another role", r.ID, role.Name, project.Name)
	case m.ID != 0:
		return d.setRoles(ctx, m, []int64{role.ID})
	}
	err = d.client.Post(ctx, "/projects/"+number(project.ID)+"/memberships", map[string]any{
		"membership": map[string]any{"user_id": r.ID, "role_ids": []int64{role.ID}},
	}, nil)
	return edit.Unless(err, errRefused) // somebody else was faster
}

// close takes all roles that the user itself has in a project. Redmine deletes
// no membership that a group holds up.
func (d *redmine) close(ctx context.Context, r *record, project kit.Entry) error {
	m := r.in(project)
	if m.inherits(0) {
		return d.setRoles(ctx, m, []int64{})
	}
	return edit.Gone(edit.Unless(d.client.Delete(ctx, m.path()), errRefused)) // a group came in between
}
