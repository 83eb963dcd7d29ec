package redmine

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// checkRole refuses a role that Redmine does not have here, before anything is
// written.
func (d *redmine) checkRole(role provision.Role) error {
	if d.Capabilities().RoleNames[cmp.Or(role, provision.RoleNone)] == "" {
		return desk.Errorf(desk.Permanent, "Redmine has no role %q here: every user is at least an agent, and owners it has none; for limited, set limited_group on the desk", role)
	}
	return nil
}

// SetRole ticks or clears "Administrator", changes the user's role in projects
// and puts it into the group of limited users, or takes it out.
//
// The group goes after the projects, and rights are taken before any are given:
// until all is done, the user still shows another role than the desired one, and
// a caller that was cut short tries again.
func (d *redmine) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	if err := d.checkRole(role); err != nil {
		return err
	}
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	admin := role == provision.RoleAdmin
	if r.Admin && !admin {
		if err := d.write(ctx, r, "", edit.Values{"admin": false}); err != nil {
			return err
		}
	}
	if err := d.setLimited(ctx, r, role == provision.RoleLimited); err != nil {
		return err
	}
	if !r.Admin && admin {
		if err := d.write(ctx, r, "", edit.Values{"admin": true}); err != nil {
			return err
		}
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		if d.roleOf(r, r.groupNames()) != role {
			return vendor.Disobeyed("make user %s %s", id, role)
		}
		return nil
	})
}

// setLimited brings a user's projects and the group of limited users in line
// with a role. Whoever neither is limited nor becomes so needs nothing: an
// administrator can be demoted although that group was deleted.
func (d *redmine) setLimited(ctx context.Context, r *record, limited bool) error {
	at := slices.IndexFunc(r.Groups, func(g kit.Entry) bool { return d.isLimitedGroup(g.Name) })
	if !limited && at < 0 {
		return nil
	}
	give, err := d.role(ctx, provision.RoleLimited)
	if err != nil {
		return err
	}
	take, err := d.role(ctx, provision.RoleAgent)
	if err != nil {
		return err
	}
	if !limited {
		if err := d.exchangeRoles(ctx, r, give.ID, take.ID); err != nil {
			return err
		}
		return d.leave(ctx, r, r.Groups[at])
	}
	group, err := d.limitedGroup(ctx)
	if err != nil {
		return err
	}
	if err := d.exchangeRoles(ctx, r, take.ID, give.ID); err != nil || at >= 0 {
		return err
	}
	return d.join(ctx, r, *group)
}

// exchangeRoles gives one role in place of another wherever the user itself has
// that. Roles from groups, and those that somebody gave besides, stay.
func (d *redmine) exchangeRoles(ctx context.Context, r *record, take, give int64) error {
	active, err := d.directory.List(ctx, roster.Mailboxes)
	if err != nil {
		return err
	}
	for _, p := range active {
		m := r.in(p)
		roles := m.direct()
		if !slices.Contains(roles, take) {
			continue
		}
		roles = slices.DeleteFunc(roles, func(role int64) bool { return role == take || role == give })
		if err := d.setRoles(ctx, m, append(roles, give)); err != nil {
			return err
		}
	}
	return nil
}

// setRoles sets the roles that a user itself has in a project.
func (d *redmine) setRoles(ctx context.Context, m membership, roles []int64) error {
	return edit.PlaceGone(d.client.Put(ctx, m.path(), map[string]any{"membership": map[string]any{"role_ids": roles}}, nil))
}
