package scim

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// groupNames returns the names of groups, sorted and each once.
func groupNames(groups []scimclient.Group) (names []string) {
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// groupsOf returns the groups that a user is in.
func (p *provider) groupsOf(ctx context.Context, r record) ([]scimclient.Group, error) {
	if !p.settings.teams {
		return nil, nil
	}
	return p.groups.Of(ctx, r.Object)
}

func noGroup(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "the desk has no group %q; make it there, or correct the rule", name)
}

// member is a user with the groups that they are in.
type member struct {
	record
	in []scimclient.Group
}

func (p *provider) member(ctx context.Context, id provision.DeskUserID) (member, error) {
	r, err := p.read(ctx, id)
	if err != nil {
		return member{}, err
	}
	in, err := p.groupsOf(ctx, *r)
	return member{*r, in}, err
}

// ChangeTeams adds the user to groups and removes it from groups.
func (p *provider) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	if !p.settings.teams {
		return desk.Unsupported("change teams", "this desk has no groups in SCIM (teams: false); bring user "+string(id)+" into its teams on the desk by hand")
	}
	set := func(in bool) func(context.Context, member, scimclient.Group) error {
		return func(ctx context.Context, m member, g scimclient.Group) error {
			defer p.groups.Changed()
			err := p.groups.SetMember(ctx, g, m.Object, in)
			if desk.KindOf(err) == desk.NotFound {
				return noGroup(desk.Permanent, g.Name) // it is not there any more
			}
			return err
		}
	}
	not := func(what string) func(provision.DeskUserID, scimclient.Group) error {
		return func(id provision.DeskUserID, g scimclient.Group) error {
			return disobeyed("members", "%s user %s %q", what, id, g.Name)
		}
	}
	return edit.Places[provision.DeskUserID, member, scimclient.Group]{
		Read: p.member, Find: p.groups.Find, Missing: func(name string) error { return noGroup(desk.Permanent, name) },
		In:   func(m member, g scimclient.Group) bool { return slices.Contains(m.in, g) },
		Join: set(true), Leave: set(false), NotJoined: not("add to a group"), NotLeft: not("take out of a group"),
	}.Change(ctx, id, add, remove)
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
	o, _, err := p.client.Get(ctx, g.Path(), nil)
	if err != nil {
		return nil, err
	}
	members := o.Objects("members")
	if len(members) == 0 {
		return nil, nil
	}
	all, err := p.everyone.Get(ctx, 0, p.listEveryone)
	for _, r := range all {
		if r.active() && slices.ContainsFunc(members, func(m scimclient.Object) bool { return m.Text("value") == string(r.id()) }) {
			ids = append(ids, r.id())
		}
	}
	slices.Sort(ids)
	return ids, err
}

var _ desk.Numbered = (*provider)(nil)

// Units implements [desk.Numbered]: rules can name groups.
func (p *provider) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	if !p.settings.teams {
		return nil, nil, nil
	}
	all, err := p.groups.List(ctx)
	for _, g := range all {
		teams = append(teams, desk.Unit{ID: g.ID, Name: g.Name})
	}
	return teams, nil, err
}

func sorted(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
