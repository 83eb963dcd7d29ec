package redmine

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskbridge/deskbridge/desk"
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
	opens, closes, err := resolve(ctx, d.directory.projects.find, add, remove, noMailbox)
	if err != nil || len(opens)+len(closes) == 0 {
		return err
	}
	var role *entry
	if len(opens) > 0 { // to leave, no role need be there
		if role, err = d.role(ctx, d.rank(r)); err != nil {
			return err
		}
	}
	wrote := false
	for _, p := range opens {
		did, err := d.open(ctx, r, p, role)
		if err != nil {
			return projectGone(err, p)
		}
		wrote = wrote || did
	}
	for _, p := range closes {
		did, err := d.close(ctx, r.in(p.ID))
		if err != nil {
			return projectGone(err, p)
		}
		wrote = wrote || did
	}
	if !wrote {
		return nil
	}
	return d.confirmMailboxes(ctx, id, opens, closes)
}

func noMailbox(name string) error {
	return desk.Errorf(desk.Permanent, "Redmine has no active project %q; make it at Administration > Projects > New project, reopen it, or correct the rule", name)
}

// open gives the user a role in a project. A user who has another one there
// already, given by hand, keeps that and gets no more.
func (d *redmine) open(ctx context.Context, r *record, project entry, role *entry) (wrote bool, _ error) {
	m := r.in(project.ID)
	switch {
	case len(m.direct()) > 0:
		return false, nil
	case m.inherits(role.ID):
		return false, desk.Errorf(desk.Permanent, "user %d has the role %s in the project %q through a group or the project above, and Redmine gives nobody a role twice; let the rule name that group as a team and not the project as a mailbox, or give the group another role", r.ID, role.Name, project.Name)
	case m.ID != 0:
		return true, d.setRoles(ctx, m, []int64{role.ID})
	}
	err := d.client.post(ctx, project.path("/projects")+"/memberships", map[string]any{
		"membership": map[string]any{"user_id": r.ID, "role_ids": []int64{role.ID}},
	}, nil)
	if errors.Is(err, errRefused) {
		return true, nil // somebody else was faster; whoever reads back sees
	}
	return true, err
}

// close takes all roles that the user itself has in a project. Redmine deletes
// no membership that a group holds up.
func (d *redmine) close(ctx context.Context, m membership) (wrote bool, err error) {
	switch {
	case len(m.direct()) == 0:
		return false, nil
	case m.inherits(0):
		return true, d.setRoles(ctx, m, []int64{})
	}
	err = d.client.remove(ctx, m.path())
	if err != nil && (desk.KindOf(err) == desk.NotFound || errors.Is(err, errRefused)) {
		return true, nil // gone already, or a group came in between; whoever reads back sees
	}
	return true, err
}

// projectGone keeps a project that was deleted under our hands from being taken
// for a user that is gone.
func projectGone(err error, project entry) error {
	if desk.KindOf(err) == desk.NotFound {
		return desk.Errorf(desk.Retryable, "the project %q of Redmine, or the user, was changed a moment ago", project.Name)
	}
	return err
}

func (d *redmine) confirmMailboxes(ctx context.Context, id provision.DeskUserID, opens, closes []entry) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	for _, p := range opens {
		if len(r.in(p.ID).direct()) == 0 {
			return disobeyed(fmt.Sprintf("give user %s a role in the project %q", id, p.Name))
		}
	}
	for _, p := range closes {
		if len(r.in(p.ID).direct()) > 0 {
			return desk.Errorf(desk.Permanent, "user %s keeps a role in the project %q: a group gives the same one, and Redmine takes neither while it does; take the user out of the group, or give the group another role", id, p.Name)
		}
	}
	return nil
}
