package zendesk

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	// rosterAge is how old may be what is said of who is an agent and in which group:
	// a hand-over asks several times.
	rosterAge = 10 * time.Second
	// lookUpAge is how old a list may be in which somebody is looked for whom Zendesk's
	// index does not know.
	lookUpAge = time.Minute
)

// roster is who is an agent or admin, and in which groups.
type roster struct {
	users  []record
	groups map[int64][]int64 // by user
}

// everybody returns agents and admins, as they were not longer ago than age.
func (d *directory) everybody(ctx context.Context, age time.Duration) (*roster, error) {
	users, err := d.agents(ctx, age)
	if err != nil {
		return nil, err
	}
	groups, err := d.members.Get(ctx, age, func(ctx context.Context) (map[int64][]int64, error) {
		all, err := list[membership](ctx, d.client, "/group_memberships", "group_memberships", nil)
		of := make(map[int64][]int64)
		for _, m := range all {
			of[m.User] = append(of[m.User], m.Group)
		}
		return of, err
	})
	return &roster{users, groups}, err
}

func (d *directory) agents(ctx context.Context, age time.Duration) ([]record, error) {
	return d.people.Get(ctx, age, func(ctx context.Context) ([]record, error) { return d.usersIn(ctx, agent, admin) })
}

// usersIn returns the users with one of some roles who are not deleted.
func (d *directory) usersIn(ctx context.Context, roles ...string) ([]record, error) {
	all, err := list[record](ctx, d.client, "/users", "users", url.Values{"role[]": roles})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.ID <= 0 || r.lacks != "" || !slices.Contains(roles, r.Role) {
			return nil, vendor.NoList("agents")
		}
	}
	return slices.DeleteFunc(all, func(r record) bool { return !r.Active }), nil
}

const listPage = 500 // users that are compared at a time

// List implements [desk.Lister]: agents and admins, suspended ones included. End users
// are customers, and as many as there are; a leaver whose seat was freed is one of them.
func (d *zendesk) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, maxPages)
	if err != nil {
		return nil, "", err
	}
	k, err := d.listed.Get(ctx, n == 1, func(ctx context.Context) (*roster, error) { return d.everybody(ctx, 0) })
	if err != nil {
		return nil, "", err
	}
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, "", err
	}
	groups, err := d.groups.List(ctx)
	if err != nil {
		return nil, "", err
	}
	from, to := min((n-1)*listPage, len(k.users)), min(n*listPage, len(k.users))
	users := make([]provision.DeskUser, 0, to-from)
	for i := range k.users[from:to] {
		r := &k.users[from+i]
		users = append(users, *d.user(r, limited, kit.NamesOf(groups, k.groups[r.ID]...)))
	}
	if to == len(k.users) {
		return users, "", nil
	}
	return users, kit.PageAfter(n), nil
}

// Admins counts the admins who are not suspended.
func (d *zendesk) Admins(ctx context.Context) (int, error) {
	all, err := d.usersIn(ctx, admin)
	return len(slices.DeleteFunc(all, func(r record) bool { return r.Suspended || r.foreign() != "" })), err
}

// TeamMembers returns the members of a group who may own tickets, in order of number.
func (d *zendesk) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.groups.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, err
	}
	k, err := d.everybody(ctx, rosterAge)
	if err != nil {
		return nil, err
	}
	var members []provision.DeskUserID
	for i := range k.users {
		if r := &k.users[i]; d.works(r, limited) && slices.Contains(k.groups[r.ID], g.ID) {
			members = append(members, r.id())
		}
	}
	slices.SortFunc(members, kit.ByNumber)
	return members, nil
}

var (
	_ desk.Numbered      = (*zendesk)(nil)
	_ desk.TeamMailboxes = (*zendesk)(nil)
	_ desk.Seats         = (*zendesk)(nil)
)

// Seats implements [desk.Seats]: whoever is an agent or admin takes one, suspended or
// not, but light agents, contributors and those of another Zendesk do not. Zendesk does not tell how many there are.
func (d *zendesk) Seats(ctx context.Context) (used, limit int, err error) {
	all, err := d.agents(ctx, 0)
	for i := range all {
		if r := &all[i]; r.kind() != lightAgent && r.kind() != contributor && r.foreign() == "" {
			used++
		}
	}
	return used, 0, err
}

// Units implements [desk.Numbered]: rules can name groups.
func (d *zendesk) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	return d.groups.Units(ctx)
}

// MailboxesOf implements [desk.TeamMailboxes]. A ticket is in a group, and whoever
// leaves the group cannot own it any more.
func (d *zendesk) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	return d.groups.MailboxesOf(ctx, team)
}

// Check tries the token, and looks for groups and roles. It writes nothing. Without a
// token Zendesk answers all the same, in the name of nobody.
func (d *zendesk) Check(ctx context.Context) (desk.Profile, error) {
	var answer struct{ User *record }
	if err := d.client.Get(ctx, "/users/me", nil, &answer); err != nil {
		return desk.Profile{}, err
	}
	me := answer.User
	switch {
	case me == nil:
		return desk.Profile{}, desk.Errorf(desk.Retryable, "there is no Zendesk at the desk's URL; give the address at which agents open it")
	case me.ID == 0:
		return desk.Profile{}, &desk.Error{Kind: desk.Unauthorized, Detail: vendor.Unauthorized}
	}
	p := desk.Profile{Self: me.id()}
	if me.Role != admin {
		p.Problemf("the service account is no admin: choose Admin at Admin Center > People > Team members > (the service account) > Role")
	}
	groups, err := d.groups.Reread(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	for _, g := range groups {
		p.Teams = append(p.Teams, g.Name)
	}
	p.Teams = provision.Sorted(p.Teams)
	if d.settings.agentRole == "" && d.settings.limitedRole == "" {
		return p, nil
	}
	if _, err := d.roles.Reread(ctx); err != nil {
		if desk.KindOf(err) != desk.Permanent {
			return desk.Profile{}, err
		}
		p.Problemf("%s", desk.DetailOf(err))
		return p, nil
	}
	for setting, name := range map[string]string{"agent_role": d.settings.agentRole, "limited_role": d.settings.limitedRole} {
		role, err := d.role(ctx, name, setting)
		switch {
		case desk.KindOf(err) == desk.Permanent && err != nil:
			p.Problemf("%s", desk.DetailOf(err))
		case err != nil:
			return desk.Profile{}, err
		case role == nil:
		case setting == "agent_role" && role.Kind != 0:
			p.Problemf("the role %q is none that agents can work with: name a custom role in the setting agent_role, or leave it out", name)
		case role.Kind > contributor || role.Kind == chatAgent:
			p.Problemf("the role %q is one of admins or of Zendesk Chat: name a custom role, or that of light agents, in the setting limited_role", name)
		}
	}
	slices.SortFunc(p.Problems, strings.Compare)
	return p, nil
}
