package scim

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// group is a Group without its members, who may be many.
type group struct{ id, name string }

// withoutMembers are the parameters of a list of groups (RFC 7644 §3.9). A desk that
// takes no notice of them sends the members along.
func withoutMembers() url.Values { return url.Values{"excludedAttributes": {"members"}} }

func (p *provider) listGroups(ctx context.Context) (all []group, _ error) {
	err := p.client.list(ctx, "/Groups", withoutMembers(), func(o object) error {
		all = append(all, group{o.text("id"), o.text("displayName")})
		return nil
	})
	return all, err
}

func groupNames(groups []group) (names []string) {
	for _, g := range groups {
		names = append(names, g.name)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// groupsOf returns the groups that a user is in.
func (p *provider) groupsOf(ctx context.Context, r record) ([]group, error) {
	if !p.settings.teams {
		return nil, nil
	}
	how, err := p.howMembers(ctx)
	if err != nil {
		return nil, err
	}
	return p.groupsBy(ctx, how, r)
}

func (p *provider) groupsBy(ctx context.Context, how string, r record) (in []group, err error) {
	switch how {
	case byUser:
		return p.ownGroups(ctx, r)
	case byFilter:
		err = p.client.list(ctx, "/Groups", url.Values{"filter": {equals("members.value", string(r.id()))}, "excludedAttributes": {"members"}}, func(o object) error {
			in = append(in, group{o.text("id"), o.text("displayName")})
			return nil
		})
		return in, err
	}
	all, err := p.inGroups.Get(ctx, catalogueAge, p.readMembers)
	return all[string(r.id())], err
}

// ownGroups returns what a user's own attribute tells. Who is in a group because
// another group is in it (type indirect) cannot be taken out of it.
func (p *provider) ownGroups(ctx context.Context, r record) (in []group, _ error) {
	all, err := p.groups.List(ctx)
	for again := true; err == nil; again = false {
		in = nil
		unknown := false
		for _, g := range r.objects("groups") {
			if strings.EqualFold(g.text("type"), "indirect") {
				continue
			}
			at := slices.IndexFunc(all, func(known group) bool { return known.id == g.text("value") })
			if at < 0 {
				unknown = true
				continue
			}
			in = append(in, all[at])
		}
		if !unknown || !again {
			return in, nil
		}
		all, err = p.groups.Reread(ctx) // one that is new
	}
	return nil, err
}

// readMembers reads all groups with their members.
func (p *provider) readMembers(ctx context.Context) (map[string][]group, error) {
	of := make(map[string][]group)
	err := p.client.list(ctx, "/Groups", nil, func(o object) error {
		g := group{o.text("id"), o.text("displayName")}
		for _, m := range o.objects("members") {
			of[m.text("value")] = append(of[m.text("value")], g)
		}
		return nil
	})
	return of, err
}

// fewGroups are looked at for somebody by whom a way to learn memberships can be
// proved.
const fewGroups = 20

// howMembers returns the way to learn in which groups somebody is. A desk may show
// no groups at users, or take a filter for members and find nothing: so a way is
// believed that has shown a member of a group to be one, and somebody who is not,
// not. Until there is a member anywhere, the groups themselves are read.
func (p *provider) howMembers(ctx context.Context) (string, error) {
	if p.settings.memberships != "" {
		return p.settings.memberships, nil
	}
	how, err := p.member.Get(ctx, methodAge, p.proveHow)
	return cmp.Or(how, byGroup), err
}

// proveHow returns "" when there is nobody by whom anything could be proved.
func (p *provider) proveHow(ctx context.Context) (string, error) {
	groups, err := p.groups.Reread(ctx)
	if err != nil || len(groups) == 0 {
		return "", err
	}
	some, _, err := p.client.get(ctx, "/Users", url.Values{"count": {strconv.Itoa(pageSize)}})
	if err != nil {
		return "", err
	}
	for _, u := range some.objects("Resources") {
		if in, err := p.ownGroups(ctx, record{object: u}); err != nil || len(in) > 0 {
			return byUser, err
		}
	}
	for _, g := range groups[:min(len(groups), fewGroups)] {
		o, _, err := p.client.get(ctx, resource("/Groups", g.id), nil)
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return "", err
		}
		for _, m := range o.objects("members") {
			if !strings.EqualFold(m.text("type"), "Group") && isID(m.text("value")) {
				return p.proveBy(ctx, g, record{object: object{"id": m.text("value")}})
			}
		}
	}
	return "", nil
}

// proveBy tries the filter for members.
func (p *provider) proveBy(ctx context.Context, g group, member record) (string, error) {
	nobody := record{object: object{"id": "00000000-0000-4000-8000-000000000000"}}
	in, err := p.groupsBy(ctx, byFilter, member)
	none := []group(nil)
	if err == nil {
		none, err = p.groupsBy(ctx, byFilter, nobody)
	}
	switch {
	case desk.KindOf(err) == desk.Permanent && err != nil: // it has no such filter
		return byGroup, nil
	case err != nil:
		return "", err
	case slices.Contains(in, g) && len(none) == 0:
		return byFilter, nil
	}
	return byGroup, nil
}

func noGroup(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "the desk has no group %q; make it there, or correct the rule", name)
}

// ChangeTeams adds the user to groups and removes it from groups.
func (p *provider) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	if !p.settings.teams {
		return desk.Unsupported("change teams", "this desk has no groups in SCIM (teams: false); bring user "+string(id)+" into its teams on the desk by hand")
	}
	change, err := kit.Resolve(ctx, p.groups.Find, add, remove, func(name string) error { return noGroup(desk.Permanent, name) })
	if err != nil {
		return err
	}
	r, err := p.read(ctx, id)
	if err != nil {
		return err
	}
	before, err := p.groupsOf(ctx, r)
	if err != nil {
		return err
	}
	wrote, err := change.Apply(ctx, func(g group) bool { return slices.Contains(before, g) },
		func(ctx context.Context, g group) error { return p.setMember(ctx, g, r, true) },
		func(ctx context.Context, g group) error { return p.setMember(ctx, g, r, false) })
	if wrote {
		p.inGroups.Doubt()
		if p.member.Peek() == "" { // by now there may be somebody to prove it by
			p.member.Doubt()
		}
	}
	if err != nil || !wrote {
		return err
	}
	if r, err = p.read(ctx, id); err != nil {
		return err
	}
	after, err := p.groupsOf(ctx, r)
	if err != nil {
		return err
	}
	not := func(what string) func(group) error {
		return func(g group) error { return disobeyed("members", "%s user %s %q", what, id, g.name) }
	}
	return change.Confirm(func(g group) bool { return slices.Contains(after, g) }, not("add to a group"), not("take out of a group"))
}

// setMember brings one user into a group, or out of it, and leaves the others alone.
func (p *provider) setMember(ctx context.Context, g group, r record, in bool) error {
	user := string(r.id())
	op := object{"op": "remove", "path": `members[value eq "` + user + `"]`}
	if in {
		op = object{"op": "add", "path": "members", "value": []any{object{"value": user, "display": r.text("userName")}}}
	}
	found, err := p.discover(ctx)
	if err != nil {
		return err
	}
	path := resource("/Groups", g.id)
	if found.patch && !p.client.noPatch.Load() {
		_, _, err := p.client.call(ctx, http.MethodPatch, path, nil, "", patchOf(op))
		if !errors.Is(err, errCannot) {
			return gone(err, g)
		}
		p.client.noPatch.Store(true)
	}
	done, err := p.turn.Take(ctx) // two who write the whole would undo each other
	if err != nil {
		return err
	}
	defer done()
	for n := 1; ; n++ {
		o, header, err := p.client.get(ctx, path, nil)
		if err != nil {
			return gone(err, g)
		}
		var members []any
		for _, m := range o.objects("members") {
			if m.text("value") != user {
				members = append(members, map[string]any(m))
			}
		}
		if in {
			members = append(members, object{"value": user})
		}
		etag := ""
		if found.etag {
			etag = header.Get("ETag")
		}
		_, _, err = p.client.call(ctx, http.MethodPut, path, nil, etag, edits{simple("members", append([]any{}, members...))}.apply(o))
		if !errors.Is(err, errChanged) || n == rewrites {
			return gone(err, g)
		}
	}
}

// gone says which group is not there any more.
func gone(err error, g group) error {
	if desk.KindOf(err) == desk.NotFound {
		return noGroup(desk.Permanent, g.name)
	}
	return err
}

func sorted(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
