package requesttracker

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// role returns the role that a record shows: the strongest of a privileged
// user's groups. The users that RT cannot do without are owners.
func (d *rt) role(r *record, groups groupList) (provision.Role, error) {
	if slices.Contains(internal, r.Name) {
		return provision.RoleOwner, nil
	}
	if !r.privileged() {
		return provision.RoleNone, nil
	}
	for _, role := range []provision.Role{provision.RoleAdmin, provision.RoleAgent, provision.RoleLimited} {
		name := d.settings.groupOf(role)
		if name == "" {
			continue
		}
		id := groups.id(name)
		if id == "" && d.settings.mustExist(role) {
			return "", noRoleGroup(role, name)
		}
		if id != "" && r.memberOf(id) {
			return role, nil
		}
	}
	if d.settings.agentGroup == "" {
		return provision.RoleAgent, nil
	}
	return provision.RoleNone, nil
}

// mustExist reports whether the group of a role was configured. The default
// name need not exist on a desk where nobody is made admin.
func (s *settings) mustExist(role provision.Role) bool {
	return role != provision.RoleAdmin || s.adminGroupGiven
}

func noRoleGroup(role provision.Role, name string) *desk.Error {
	return desk.Errorf(desk.Permanent, "RT shows no group %q, which stands for the role %s; make it at Admin > Groups > Create, or give the service account the right SeeGroup, or correct the desk's setting %s_group", name, role, role)
}

// SetRole ticks or clears "Privileged" and moves the user to the group that
// stands for the role, out of those that stand for others.
func (d *rt) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	role = cmp.Or(role, provision.RoleNone)
	group, err := d.roleGroup(ctx, role)
	if err != nil {
		return err
	}
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	if err := d.leaveRoleGroups(ctx, r, role); err != nil {
		return err
	}
	if wanted := role != provision.RoleNone; wanted != r.privileged() {
		if _, err := d.client.change(ctx, "/user/"+string(r.ID), map[string]any{"Privileged": flag(wanted)}); err != nil {
			return err
		}
	}
	if group != "" && !r.memberOf(group) {
		if err := d.groups.add(ctx, group, string(r.ID)); err != nil {
			return err
		}
	}
	return d.confirmRole(ctx, id, role)
}

func (d *rt) leaveRoleGroups(ctx context.Context, r *record, role provision.Role) error {
	keep := d.settings.groupOf(role)
	for _, name := range d.settings.roleGroups() {
		if name == keep {
			continue
		}
		id, err := d.groups.find(ctx, name)
		if err != nil {
			return err
		}
		if id == "" || !r.memberOf(id) {
			continue
		}
		if err := d.groups.remove(ctx, id, string(r.ID)); err != nil {
			return err
		}
	}
	return nil
}

// roleGroup returns the number of the group that stands for a role; "" when the
// role needs none. Like a missing group, a role that RT does not have here is
// refused before anything is written.
func (d *rt) roleGroup(ctx context.Context, role provision.Role) (string, error) {
	if d.Capabilities().RoleNames[role] == "" {
		return "", desk.Errorf(desk.Permanent, "Request Tracker has no role %q here; for limited, set limited_group on the desk", role)
	}
	name := d.settings.groupOf(role)
	if name == "" {
		return "", nil
	}
	id, err := d.groups.find(ctx, name)
	if err == nil && id == "" {
		return "", noRoleGroup(role, name)
	}
	return id, err
}

func (d *rt) confirmRole(ctx context.Context, id provision.DeskUserID, want provision.Role) error {
	groups, err := d.groups.list(ctx)
	if err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		got, err := d.role(r, groups)
		if err != nil || got == want {
			return err
		}
		return notShown("RT did not change the role of user %s to %s, it is still %s; a group within a role's group may still hold the user, or the service account lacks AdminUsers or AdminGroupMembership", id, want, got)
	})
}

// flag is how RT wants a yes or no.
func flag(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
