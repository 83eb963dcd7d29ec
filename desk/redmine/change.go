package redmine

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// write writes some fields of a user, and no others.
func (d *redmine) write(ctx context.Context, r *record, _ string, fields edit.Values) error {
	err := d.client.Put(ctx, r.path(), map[string]any{"user": fields}, nil)
	if email, is := fields["mail"].(string); is && err != nil {
		return d.taken(ctx, err, r.id(), email)
	}
	return err
}

// SetProfile writes what differs, in one request. An empty field of want stays
// as it is.
//
// A login that was the old address follows the new one. Any other login is left
// alone: on an adopted account it may be what people type to sign in.
func (d *redmine) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	_, err := d.changes.Change(ctx, id, "change the profile of", func(r *record) (edit.Values, error) {
		fields := edit.Values{}
		if !people.SameText(r.Mail, want.Email) {
			fields["mail"] = want.Email
			if people.SameText(r.Login, loginFor(r.Mail)) {
				fields["login"] = loginFor(want.Email)
			}
		}
		fields.Want("firstname", r.First, want.GivenName)
		fields.Want("lastname", r.Last, want.FamilyName)
		return fields, nil
	})
	return err
}

// SetActive unlocks or locks a user. What it is assigned, and the groups and
// projects it is in, stay. Locking ends its sessions, and turns its API key away
// until it is unlocked.
func (d *redmine) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	status, what := statusLocked, "lock"
	if active {
		status, what = statusActive, "unlock"
	}
	_, err := d.changes.Change(ctx, id, what, func(r *record) (edit.Values, error) {
		if r.Status == status {
			return nil, nil
		}
		return edit.Values{"status": status}, nil
	})
	return err
}

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
	take, give, move := provision.RoleLimited, provision.RoleAgent, d.leave
	if limited {
		take, give, move = provision.RoleAgent, provision.RoleLimited, d.join
	}
	taken, err1 := d.role(ctx, take)
	given, err2 := d.role(ctx, give)
	group, err3 := d.limitedGroup(ctx)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return err
	}
	if err := d.exchangeRoles(ctx, r, taken.ID, given.ID); err != nil || limited && at >= 0 {
		return err
	}
	return move(ctx, r, *group)
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

// Delete removes a user for good. Redmine unassigns the user's issues and puts
// "Anonymous" in the place of the name wherever the person wrote something; who
// it was cannot be found out any more.
func (d *redmine) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.users.Remove(ctx, id, func() error { return d.client.Delete(ctx, "/users/"+string(id)) })
}
