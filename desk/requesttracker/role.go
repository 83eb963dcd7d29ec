package requesttracker

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// role returns the role that a record shows: the strongest of those that the groups of a privileged
// user stand for. The users that RT cannot do without are owners.
func (d *rt) role(ctx context.Context, r *record, in []string) (provision.Role, error) {
	switch {
	case slices.Contains(internal, r.Name):
		return provision.RoleOwner, nil
	case !r.privileged():
		return provision.RoleNone, nil
	}
	for _, stands := range d.settings.groups {
		if provision.ContainsFold(in, stands.Name) {
			return stands.Ours, nil
		}
		if stands.Name != "" && (stands.Ours != provision.RoleAdmin || d.settings.adminGroupGiven) { // it must exist
			if _, err := d.standing.Named(ctx, stands.Name, stands.Key); err != nil {
				return "", err
			}
		}
	}
	if d.settings.groups.Of(provision.RoleAgent) == "" {
		return provision.RoleAgent, nil
	}
	return provision.RoleNone, nil
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
	others, err := d.groups.Resolve(ctx, nil, d.settings.groups.Others(role))
	if err == nil {
		_, err = others.Apply(ctx, r.in, nil, func(ctx context.Context, g kit.Entry) error { return d.groups.remove(ctx, g, id) })
	}
	if err != nil {
		return err
	}
	if wanted := role != provision.RoleNone; wanted != r.privileged() {
		if _, err := d.client.change(ctx, r.path(), kit.Fields{"Privileged": flag(wanted)}); err != nil {
			return err
		}
	}
	if to != nil && !r.in(*to) {
		if err := d.groups.add(ctx, *to, id); err != nil {
			return err
		}
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		got, err := d.user(ctx, r)
		if err != nil || got.Role == role {
			return err
		}
		return desk.NotShownf("RT did not change the role of user %s to %s, it is still %s; a group within a role's group may still hold the user, or the service account lacks AdminUsers or AdminGroupMembership", id, role, got.Role)
	})
}

// roleGroup returns the group that stands for a role; nil when the
// role needs none. Like a missing group, a role that RT does not have here is
// refused before anything is written.
func (d *rt) roleGroup(ctx context.Context, role provision.Role) (*kit.Entry, error) {
	switch {
	case d.Capabilities().RoleNames[role] == "":
		return nil, desk.Errorf(desk.Permanent, "Request Tracker has no role %q here; for limited, set limited_group on the desk", role)
	case d.settings.groups.Of(role) == "":
		return nil, nil
	}
	return d.standing.Find(ctx, d.settings.groups, role)
}

// Admins counts the enabled, privileged members of the admin group, and root.
func (d *rt) Admins(ctx context.Context) (int, error) {
	stands := d.settings.groups.Get(provision.RoleAdmin)
	g, err := d.groups.Find(ctx, stands.Name)
	if err == nil && g == nil && d.settings.adminGroupGiven {
		err = d.standing.Missing(stands.Name, stands.Key)
	}
	var members []int64
	if err == nil && g != nil {
		members, err = d.groups.members(ctx, g.ID, false)
	}
	if err != nil {
		return 0, err
	}
	admins := map[kit.Scalar]bool{}
	for _, who := range append(people.IDs(members), "root") {
		var r record
		err := d.client.Get(ctx, "/user/"+string(who), nil, &r)
		if err == nil {
			err = r.complete()
		}
		switch {
		case err != nil && desk.KindOf(err) == desk.NotFound: // root may have been renamed; a member may just be gone
		case err != nil:
			return 0, err
		case r.privileged() && !r.disabled():
			admins[r.ID] = true
		}
	}
	return len(admins), nil
}

// flag is how RT writes a yes or no.
func flag(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}
