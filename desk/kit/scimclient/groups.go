package scimclient

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Group is a Group without its members, who may be many.
type Group struct{ ID, Name string }

// Path is where a group is.
func (g Group) Path() string { return "/Groups/" + g.ID }

// The ways to learn which groups a user is in.
const (
	ByUser   = "user"   // the user's own attribute, groups (RFC 7643 §4.1.2)
	ByFilter = "filter" // groups with a member, by filter
	ByGroup  = "groups" // the members of all groups
)

const (
	// groupsAge is how long what is on the desk is taken for true: a run asks
	// several times.
	groupsAge = 10 * time.Second
	// methodAge is how long a way to learn memberships is taken for the right one.
	methodAge = time.Hour
	// fewGroups are looked at for somebody by whom a way to learn memberships can be
	// proved.
	fewGroups = 20
)

// Groups are the groups of a service provider, and who is in them. They are safe for
// concurrent use.
type Groups struct {
	*kit.Catalogue[Group]
	client *Client
	how    string                         // the way that an administrator says; "": it is found out
	proved kit.Shared[string]             // the way that was
	of     kit.Shared[map[string][]Group] // by user, where members have to be read
}

// NewGroups returns the groups of a service provider. how is the way to learn memberships; ""
// has it found out. fold says what counts of a name when two are compared.
func NewGroups(c *Client, how string, fold func(string) string) *Groups {
	g := &Groups{client: c, how: how}
	g.Catalogue = &kit.Catalogue[Group]{Age: groupsAge, Read: g.list, Name: func(g Group) string { return g.Name }, Fold: fold, Several: c.vendor.Namesakes("group")}
	return g
}

// list asks without members (RFC 7644 §3.9). A desk that takes no notice of that sends the
// members along.
func (g *Groups) list(ctx context.Context) ([]Group, error) {
	return g.where(ctx, url.Values{"excludedAttributes": {"members"}})
}

func (g *Groups) where(ctx context.Context, query url.Values) (all []Group, _ error) {
	err := g.client.List(ctx, "/Groups", query, func(o Object) error {
		all = append(all, Group{o.Text("id"), o.Text("displayName")})
		return nil
	})
	return all, err
}

// Of returns the groups that a user is in.
func (g *Groups) Of(ctx context.Context, user Object) ([]Group, error) {
	how, err := g.method(ctx)
	if err != nil {
		return nil, err
	}
	switch how {
	case ByUser:
		return g.own(ctx, user)
	case ByFilter:
		return g.having(ctx, user.Text("id"))
	}
	all, err := g.of.Get(ctx, groupsAge, g.Members)
	return all[user.Text("id")], err
}

// OfAll returns the groups that some users are in, one after the other: from the users, or from
// all groups.
func (g *Groups) OfAll(ctx context.Context, users []Object) ([][]Group, error) {
	how, err := g.method(ctx)
	if err != nil {
		return nil, err
	}
	var of map[string][]Group
	if how != ByUser {
		if of, err = g.Members(ctx); err != nil {
			return nil, err
		}
	}
	all := make([][]Group, len(users))
	for i, u := range users {
		all[i] = of[u.Text("id")]
		if how == ByUser {
			if all[i], err = g.own(ctx, u); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// having asks by filter.
func (g *Groups) having(ctx context.Context, member string) ([]Group, error) {
	return g.where(ctx, url.Values{"filter": {Equals("members.value", member)}, "excludedAttributes": {"members"}})
}

// own returns what a user's own attribute tells. Who is in a group because
// another group is in it (type indirect) cannot be taken out of it.
func (g *Groups) own(ctx context.Context, user Object) (in []Group, _ error) {
	all, err := g.List(ctx)
	for again := true; err == nil; again = false {
		in = nil
		unknown := false
		for _, o := range user.Objects("groups") {
			if strings.EqualFold(o.Text("type"), "indirect") {
				continue
			}
			at := slices.IndexFunc(all, func(known Group) bool { return known.ID == o.Text("value") })
			if at < 0 {
				unknown = true
				continue
			}
			in = append(in, all[at])
		}
		if !unknown || !again {
			return in, nil
		}
		all, err = g.Reread(ctx) // one that is new
	}
	return nil, err
}

// Members reads all groups with their members, and returns the groups of each.
func (g *Groups) Members(ctx context.Context) (map[string][]Group, error) {
	of := make(map[string][]Group)
	err := g.client.List(ctx, "/Groups", nil, func(o Object) error {
		group := Group{o.Text("id"), o.Text("displayName")}
		for _, m := range o.Objects("members") {
			of[m.Text("value")] = append(of[m.Text("value")], group)
		}
		return nil
	})
	return of, err
}

// method returns the way to learn in which groups somebody is. A desk may show
// no groups at users, or take a filter for members and find nothing: so a way is
// believed that has shown a member of a group to be one, and somebody who is not,
// not. Until there is a member anywhere, the groups themselves are read.
func (g *Groups) method(ctx context.Context) (string, error) {
	if g.how != "" {
		return g.how, nil
	}
	how, err := g.proved.Get(ctx, methodAge, g.prove)
	return cmp.Or(how, ByGroup), err
}

// prove returns "" when there is nobody by whom anything could be proved.
func (g *Groups) prove(ctx context.Context) (string, error) {
	groups, err := g.Reread(ctx)
	if err != nil || len(groups) == 0 {
		return "", err
	}
	some, _, err := g.client.Get(ctx, "/Users", url.Values{"count": {strconv.Itoa(pageSize)}})
	if err != nil {
		return "", err
	}
	for _, u := range some.Objects("Resources") {
		if in, err := g.own(ctx, u); err != nil || len(in) > 0 {
			return ByUser, err
		}
	}
	for _, group := range groups[:min(len(groups), fewGroups)] {
		o, _, err := g.client.Get(ctx, group.Path(), nil)
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return "", err
		}
		for _, m := range o.Objects("members") {
			if !strings.EqualFold(m.Text("type"), "Group") && IsID(m.Text("value")) {
				return g.proveBy(ctx, group, m.Text("value"))
			}
		}
	}
	return "", nil
}

// proveBy tries the filter for members.
func (g *Groups) proveBy(ctx context.Context, group Group, member string) (string, error) {
	const nobody = "00000000-0000-4000-8000-000000000000"
	in, err := g.having(ctx, member)
	var none []Group
	if err == nil {
		none, err = g.having(ctx, nobody)
	}
	switch {
	case desk.KindOf(err) == desk.Permanent && err != nil: // it has no such filter
		return ByGroup, nil
	case err != nil:
		return "", err
	case slices.Contains(in, group) && len(none) == 0:
		return ByFilter, nil
	}
	return ByGroup, nil
}

// Changed says that somebody has come into a group, or out of it.
func (g *Groups) Changed() {
	g.of.Doubt()
	if g.proved.Peek() == "" { // by now there may be somebody to prove it by
		g.proved.Doubt()
	}
}

// SetMember brings one user into a group, or out of it, and leaves the others alone. A group
// that is not there is NotFound.
func (g *Groups) SetMember(ctx context.Context, group Group, user Object, in bool) error {
	c, id, path := g.client, user.Text("id"), group.Path()
	op := Object{"op": "remove", "path": `members[value eq "` + id + `"]`}
	if in {
		op = Object{"op": "add", "path": "members", "value": []any{Object{"value": id, "display": user.Text("userName")}}}
	}
	found, err := c.Discover(ctx)
	if err != nil {
		return err
	}
	if none, err := c.patch(ctx, found, path, "", patchOf(op)); !none {
		return err
	}
	done, err := c.turn.Take(ctx) // two who write the whole would undo each other
	if err != nil {
		return err
	}
	defer done()
	for n := 1; ; n++ {
		o, header, err := c.Get(ctx, path, nil)
		if err != nil {
			return err
		}
		var members []any
		for _, m := range o.Objects("members") {
			if m.Text("value") != id {
				members = append(members, map[string]any(m))
			}
		}
		if in {
			members = append(members, Object{"value": id})
		}
		etag := ""
		if found.ETag {
			etag = header.Get("ETag")
		}
		_, _, err = c.Call(ctx, http.MethodPut, path, nil, etag, Edits{Simple("members", append([]any{}, members...))}.Apply(o))
		if !errors.Is(err, errChanged) || n == rewrites {
			return err
		}
	}
}
