package redmine

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// ChangeMailboxes gives and takes the roles that the user itself has in
// projects. Access that comes from a group, or from the project above, is neither
// given nor taken here. To leave, no role need be there.
func (d *redmine) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, *record, kit.Entry]{
		Read: d.read, Find: d.directory.Catalogue(roster.Mailboxes).Find, Missing: noMailbox,
		In: (*record).worksIn, Join: d.open, Leave: d.close,
		NotJoined: func(id provision.DeskUserID, p kit.Entry) error {
			return vendor.Disobeyed("give user %s a role in the project %q", id, p.Name)
		},
		NotLeft: func(id provision.DeskUserID, p kit.Entry) error {
			return desk.NotShownf("user %s keeps a role in the project %q: a group gives the same one, and Redmine takes neither while it does; take the user out of the group, or give the group another role", id, p.Name)
		},
	}.Change(ctx, id, add, remove)
}

func noMailbox(name string) error {
	return desk.NoPlace(desk.Permanent, name, "Redmine has no active project %q; make it at Administration > Projects > New project, reopen it, or correct the rule", name)
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
	if errors.Is(err, errRefused) {
		return nil // somebody else was faster; whoever reads back sees
	}
	return err
}

// close takes all roles that the user itself has in a project. Redmine deletes
// no membership that a group holds up.
func (d *redmine) close(ctx context.Context, r *record, project kit.Entry) error {
	m := r.in(project)
	if m.inherits(0) {
		return d.setRoles(ctx, m, []int64{})
	}
	err := edit.Gone(d.client.Delete(ctx, m.path()))
	if errors.Is(err, errRefused) {
		return nil // a group came in between; whoever reads back sees
	}
	return err
}
