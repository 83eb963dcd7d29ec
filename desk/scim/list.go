package scim

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

var (
	_ desk.Lister   = (*provider)(nil)
	_ desk.Numbered = (*provider)(nil)
)

// List implements [desk.Lister]: all are on one page, because a list that is read
// over a while shows some twice and others never. Memberships come with the users,
// or from all groups.
func (p *provider) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	if cursor != "" {
		return nil, "", desk.NoCursor()
	}
	all, err := p.listEveryone(ctx)
	if err != nil {
		return nil, "", err
	}
	var of map[string][]group
	how := ""
	if p.settings.teams {
		if how, err = p.howMembers(ctx); err == nil && how != byUser {
			of, err = p.readMembers(ctx)
		}
	}
	users := make([]provision.DeskUser, 0, len(all))
	for _, r := range all {
		in := of[string(r.id())]
		if how == byUser && err == nil {
			in, err = p.ownGroups(ctx, r)
		}
		u := p.settings.user(r)
		u.Teams = groupNames(in)
		users = append(users, *u)
	}
	return users, "", err
}

// TeamMembers returns the active members of a group, in order of id.
func (p *provider) TeamMembers(ctx context.Context, team string) (ids []provision.DeskUserID, _ error) {
	g, err := p.groups.Find(ctx, team)
	if err == nil && g == nil {
		err = noGroup(desk.NotFound, team)
	}
	if err != nil {
		return nil, err
	}
	o, _, err := p.client.get(ctx, resource("/Groups", g.id), nil)
	if err != nil {
		return nil, err
	}
	members := o.objects("members")
	if len(members) == 0 {
		return nil, nil
	}
	all, err := p.everyone.Get(ctx, 0, p.listEveryone)
	for _, r := range all {
		if r.active() && slices.ContainsFunc(members, func(m object) bool { return m.text("value") == string(r.id()) }) {
			ids = append(ids, r.id())
		}
	}
	slices.SortFunc(ids, func(a, b provision.DeskUserID) int { return cmp.Compare(a, b) })
	return ids, err
}

// Admins counts the active users who are admins.
func (p *provider) Admins(ctx context.Context) (int, error) {
	all, err := p.everyone.Get(ctx, 0, p.listEveryone)
	admins := 0
	for _, r := range all {
		if r.active() && p.settings.roleOf(r) == provision.RoleAdmin {
			admins++
		}
	}
	return admins, err
}

// Units implements [desk.Numbered]: rules can name groups.
func (p *provider) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	if !p.settings.teams {
		return nil, nil, nil
	}
	all, err := p.groups.List(ctx)
	for _, g := range all {
		teams = append(teams, desk.Unit{ID: g.id, Name: g.name})
	}
	return teams, nil, err
}
