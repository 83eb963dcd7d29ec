package redmine

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ChangeMailboxes gives and takes the roles that the user itself has in
// projects. Access that comes from a group, or from the project above, is neither
// given nor taken here.
func (d *redmine) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	change, err := kit.Resolve(ctx, d.directory.projects.Find, add, remove, noMailbox)
	if err != nil {
		return err
	}
	var role *entry
	if len(change.Join) > 0 { // to leave, no role need be there
		if role, err = d.role(ctx, d.roleOf(r)); err != nil {
			return err
		}
	}
	wrote, err := change.Apply(ctx, r.worksIn,
		func(ctx context.Context, p entry) error { return projectGone(d.open(ctx, r, p, role), p) },
		func(ctx context.Context, p entry) error { return projectGone(d.close(ctx, r.in(p.ID)), p) })
	if err != nil || !wrote {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		return change.Confirm(r.worksIn,
			func(p entry) error {
				return disobeyed(fmt.Sprintf("give user %s a role in the project %q", id, p.Name))
			},
			func(p entry) error {
				e := desk.Errorf(desk.Permanent, "user %s keeps a role in the project %q: a group gives the same one, and Redmine takes neither while it does; take the user out of the group, or give the group another role", id, p.Name)
				e.NotShown = true
				return e
			})
	})
}

func noMailbox(name string) error {
	return desk.NoPlace(desk.Permanent, name, "Redmine has no active project %q; make it at Administration > Projects > New project, reopen it, or correct the rule", name)
}

// open gives a user who has no role of its own in a project one. Whoever has
// another one there already, given by hand, keeps that and gets no more.
func (d *redmine) open(ctx context.Context, r *record, project entry, role *entry) error {
	m := r.in(project.ID)
	switch {
	case m.inherits(role.ID):
		return desk.Errorf(desk.Permanent, "user %d has the role %s in the project %q through a group or the project above, and Redmine gives nobody a role twice; let the rule name that group as a team and not the project as a mailbox, or give the group another role", r.ID, role.Name, project.Name)
	case m.ID != 0:
		return d.setRoles(ctx, m, []int64{role.ID})
	}
	err := d.client.Post(ctx, project.path("/projects")+"/memberships", map[string]any{
		"membership": map[string]any{"user_id": r.ID, "role_ids": []int64{role.ID}},
	}, nil)
	if errors.Is(err, errRefused) {
		return nil // somebody else was faster; whoever reads back sees
	}
	return err
}

// close takes all roles that the user itself has in a project. Redmine deletes
// no membership that a group holds up.
func (d *redmine) close(ctx context.Context, m membership) error {
	if m.inherits(0) {
		return d.setRoles(ctx, m, []int64{})
	}
	err := d.client.Delete(ctx, m.path())
	if err != nil && (desk.KindOf(err) == desk.NotFound || errors.Is(err, errRefused)) {
		return nil // gone already, or a group came in between; whoever reads back sees
	}
	return err
}

// projectGone keeps a project that was deleted under our hands from being taken
// for a user that is gone.
func projectGone(err error, project entry) error {
	if desk.KindOf(err) == desk.NotFound {
		return desk.Errorf(desk.Retryable, "the project %q of Redmine, or the user, was changed a moment ago", project.Name)
	}
	return err
}
