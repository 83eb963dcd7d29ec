package zammad

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// listedPages is how long a list of users may be for a sweep: with more customers
// than that, each account is asked for by itself.
const listedPages = 20

var (
	_ desk.Lister        = (*zammad)(nil)
	_ desk.Numbered      = (*zammad)(nil)
	_ desk.TeamMailboxes = (*zammad)(nil)
	_ desk.InflowStopper = (*zammad)(nil)
	_ desk.Seats         = (*zammad)(nil)
)

// List implements [desk.Lister]: it returns a page of users, customers as well.
func (d *zammad) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, listedPages+1)
	if err != nil {
		return nil, "", err
	}
	if n == 1 {
		beyond, err := page[record](ctx, d.client, "/users", listedPages+1, userPage)
		if err == nil && len(beyond) > 0 {
			err = desk.Unsupported("list all users", "Zammad has too many customers to read them all: each person is looked up")
		}
		if err != nil {
			return nil, "", err
		}
		if _, err := d.roles.Reread(ctx); err != nil {
			return nil, "", err
		}
	}
	records, err := page[record](ctx, d.client, "/users", n, userPage)
	if err == nil {
		err = complete(records)
	}
	if err != nil {
		return nil, "", err
	}
	if len(records) == 0 {
		return nil, "", nil
	}
	var listed []provision.DeskUser
	for _, r := range withoutSystem(records) {
		u, err := d.user(ctx, &r)
		if err != nil {
			return nil, "", err
		}
		listed = append(listed, *u)
	}
	if n > listedPages {
		return listed, "", nil
	}
	return listed, kit.PageAfter(n), nil
}

// agents returns the active users who have a role of an agent or an admin, as they
// were not longer ago than agentsAge, and not before our last change.
func (d *zammad) agents(ctx context.Context) ([]record, error) {
	return d.users.agents.Get(ctx, agentsAge, func(ctx context.Context) ([]record, error) {
		roles, err := d.roles.Reread(ctx)
		if err != nil {
			return nil, err
		}
		of := condition{"user.role_ids": {}}
		has := make(map[int64]bool)
		for _, r := range roles {
			if d.works([]role{r}) || r.administers() || d.stands(&r, provision.RoleAdmin) {
				has[r.ID] = true
				of["user.role_ids"] = append(of["user.role_ids"], number(r.ID))
			}
		}
		look := &look{users: d.users}
		all, err := look.those(ctx, of, func(r *record) bool {
			return slices.ContainsFunc(r.Roles, func(id int64) bool { return has[id] })
		})
		return slices.DeleteFunc(all, func(r record) bool { return !r.Active }), err
	})
}

// TeamMembers returns the active agents in a group, in order of number, also those
// who are in it by one of their roles, and without our own account, which is in all
// of them.
func (d *zammad) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.groups.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	me, err := d.me(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.agents(ctx)
	if err != nil {
		return nil, err
	}
	var members []provision.DeskUserID
	for i := range all {
		roles, err := d.rolesOf(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		in := d.works(roles) && (all[i].Groups[g.ID] != nil || slices.ContainsFunc(roles, func(r role) bool { return !r.off() && r.Groups[g.ID] != nil }))
		if in && all[i].ID != me.ID {
			members = append(members, all[i].id())
		}
	}
	slices.SortFunc(members, kit.ByNumber)
	return members, nil
}

// Admins counts the active admins.
func (d *zammad) Admins(ctx context.Context) (admins int, _ error) {
	all, err := d.agents(ctx)
	for i := range all {
		roles, err := d.rolesOf(ctx, &all[i])
		if err != nil {
			return 0, err
		}
		if d.roleOf(&all[i], roles) == provision.RoleAdmin {
			admins++
		}
	}
	return admins, err
}

// Seats implements [desk.Seats]: an active agent takes one. Zammad does not tell how
// many there are.
func (d *zammad) Seats(ctx context.Context) (used, limit int, _ error) {
	all, err := d.agents(ctx)
	for i := range all {
		roles, err := d.rolesOf(ctx, &all[i])
		if err != nil {
			return 0, 0, err
		}
		if d.works(roles) {
			used++
		}
	}
	return used, 0, err
}

// Units implements [desk.Numbered]: rules can name groups, as teams.
func (d *zammad) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	return d.groups.Units(ctx)
}

// MailboxesOf implements [desk.TeamMailboxes]: a group is the mailbox of its
// tickets.
func (d *zammad) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	return d.groups.MailboxesOf(ctx, team)
}
