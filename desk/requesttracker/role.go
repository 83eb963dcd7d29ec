package requesttracker

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/provision"
)

// role returns the role that a record shows: the strongest of a privileged
// user's groups. The users that RT cannot do without are owners.
func (d *rt) role(r *record, groups []group) (provision.Role, error) {
	if slices.Contains(internal, r.Name) {
		return provision.RoleOwner, nil
	}
	if !r.privileged() {
		return provision.RoleNone, nil
	}
	for _, stands := range d.settings.groups {
		g, err := d.groups.Named(groups, stands.Name)
		switch {
		case err != nil || stands.Name == "":
		case g == nil && d.settings.mustExist(stands.Ours):
			err = noRoleGroup(stands)
		case g != nil && r.in(*g):
			return stands.Ours, nil
		}
		if err != nil {
			return "", err
		}
	}
	if d.settings.groups.Of(provision.RoleAgent) == "" {
		return provision.RoleAgent, nil
	}
	return provision.RoleNone, nil
}

// mustExist reports whether the group of a role was configured. The default
// name need not exist on a desk where nobody is made admin.
func (s *settings) mustExist(role provision.Role) bool {
	return role != provision.RoleAdmin || s.adminGroupGiven
}

func noRoleGroup(r named.Role) *desk.Error {
	return desk.Errorf(desk.Permanent, "RT shows no group %q, which stands for the role %s; make it at Admin > Groups > Create, or give the service account the right SeeGroup, or correct the desk's setting %s", r.Name, r.Ours, r.Key)
}

// SetRole ticks or clears "Privileged" and moves the user to the group that
// stands for the role, out of those that stand for others.
func (d *rt) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	role = cmp.Or(role, provision.RoleNone)
	to, err := d.roleGroup(ctx, role)
	if err != nil {
		return err
	}
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	for _, other := range d.settings.groups {
		if other.Ours != role && other.Name != "" {
			g, err := d.groups.Find(ctx, other.Name)
			if err == nil && g != nil && r.in(*g) {
				err = d.groups.remove(ctx, *g, r.ID)
			}
			if err != nil {
				return err
			}
		}
	}
	if wanted := role != provision.RoleNone; wanted != r.privileged() {
		if _, err := d.client.change(ctx, r.path(), map[string]any{"Privileged": flag(wanted)}); err != nil {
			return err
		}
	}
	if to != nil && !r.in(*to) {
		if err := d.groups.add(ctx, *to, r.ID); err != nil {
			return err
		}
	}
	groups, err := d.groups.List(ctx)
	if err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		got, err := d.role(r, groups)
		if err != nil || got == role {
			return err
		}
		return desk.NotShownf("RT did not change the role of user %s to %s, it is still %s; a group within a role's group may still hold the user, or the service account lacks AdminUsers or AdminGroupMembership", id, role, got)
	})
}

// roleGroup returns the group that stands for a role; nil when the
// role needs none. Like a missing group, a role that RT does not have here is
// refused before anything is written.
func (d *rt) roleGroup(ctx context.Context, role provision.Role) (*group, error) {
	if d.Capabilities().RoleNames[role] == "" {
		return nil, desk.Errorf(desk.Permanent, "Request Tracker has no role %q here; for limited, set limited_group on the desk", role)
	}
	stands := d.settings.groups.Get(role)
	if stands.Name == "" {
		return nil, nil
	}
	g, err := d.groups.Find(ctx, stands.Name)
	if err == nil && g == nil {
		err = noRoleGroup(stands)
	}
	return g, err
}

// Admins counts the enabled, privileged members of the admin group, and root.
func (d *rt) Admins(ctx context.Context) (int, error) {
	stands := d.settings.groups.Get(provision.RoleAdmin)
	g, err := d.groups.Find(ctx, stands.Name)
	if err == nil && g == nil && d.settings.adminGroupGiven {
		err = noRoleGroup(stands)
	}
	var people []string
	if err == nil && g != nil {
		people, err = d.groups.members(ctx, *g, false)
	}
	if err != nil {
		return 0, err
	}
	admins := map[kit.Scalar]bool{}
	for _, who := range append(people, "root") {
		var r record
		err := d.client.Get(ctx, "/user/"+who, nil, &r)
		if err != nil && desk.KindOf(err) == desk.NotFound {
			continue // root may have been renamed; a member may just be gone
		}
		if err == nil {
			err = r.complete()
		}
		if err != nil {
			return 0, err
		}
		if r.privileged() && !r.disabled() {
			admins[r.ID] = true
		}
	}
	return len(admins), nil
}

// flag is how RT wants a yes or no.
func flag(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
