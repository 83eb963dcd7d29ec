package zendesk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// membership says that an agent is in a group. It has a number of its own.
type membership struct {
	ID      int64 `json:"id"`
	User    int64 `json:"user_id"`
	Group   int64 `json:"group_id"`
	Default bool  `json:"default"`
}

// memberships returns in which groups a user is. Only agents are in any.
func (d *directory) memberships(ctx context.Context, r *record) ([]membership, error) {
	if r.Role == endUser {
		return nil, nil
	}
	return list(d.client, r.path()+"/group_memberships", "group_memberships", nil, func(m *membership) bool {
		return m.User == r.ID && m.ID > 0 && m.Group > 0
	}).All(ctx)
}

func groupsIn(all []membership) (ids []int64) {
	for _, m := range all {
		ids = append(ids, m.Group)
	}
	return ids
}

// member is a user with the groups that they are in.
type member struct {
	*record
	memberships []membership
}

func (m member) in(g kit.Entry) bool {
	return slices.ContainsFunc(m.memberships, func(of membership) bool { return of.Group == g.ID })
}

// member returns a user who is to be changed.
func (d *zendesk) member(ctx context.Context, id provision.DeskUserID) (m member, err error) {
	if m.record, err = d.mayChange(ctx, id); err == nil {
		m.memberships, err = d.memberships(ctx, m.record)
	}
	return m, err
}

// ChangeTeams adds the user to groups and removes it from groups. Zendesk takes what
// is open in a group from whoever leaves it, by a job that is waited for: conversations
// are handed over before.
func (d *zendesk) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, member, kit.Entry]{
		Read: d.member, Find: d.groups.Find, Missing: func(name string) error { return d.groups.None(desk.Permanent, name) }, In: member.in,
		Join: d.join, LeaveAll: d.leave,
		NotJoined: func(id provision.DeskUserID, g kit.Entry) error {
			return vendor.Disobeyed("add user %s to group %q", id, g.Name)
		},
		NotLeft: func(id provision.DeskUserID, g kit.Entry) error {
			return vendor.Disobeyed("remove user %s from group %q", id, g.Name)
		},
	}.Change(ctx, id, add, remove)
}

// join adds a user to a group. That it is in it already is what reading back says.
func (d *zendesk) join(ctx context.Context, m member, g kit.Entry) error {
	if m.Role == endUser {
		// Not yet: whoever is to be in one was made an agent before.
		return desk.NotShownf("user %d of Zendesk is an end user, and only agents can be in groups", m.ID)
	}
	defer func() { d.members.Doubt() }() // whatever comes of it
	err := d.client.Post(ctx, "/group_memberships", map[string]any{"group_membership": map[string]any{"user_id": m.ID, "group_id": g.ID}}, nil)
	if errors.Is(err, errTaken) {
		return nil
	}
	return refusedTo(err, "add user %d to group %q", m.ID, g.Name)
}

// leave removes a user from groups, and waits until Zendesk is done with it. The
// default group cannot be left: another one becomes it before.
func (d *zendesk) leave(ctx context.Context, from member, groups []kit.Entry) error {
	defer func() { d.members.Doubt() }() // whatever comes of it
	var ids, names []string
	var heir *membership
	fromDefault := false
	for i, m := range from.memberships {
		at := slices.IndexFunc(groups, func(g kit.Entry) bool { return g.ID == m.Group })
		if at < 0 {
			heir = &from.memberships[i]
			continue
		}
		ids, names = append(ids, strconv.FormatInt(m.ID, 10)), append(names, strconv.Quote(groups[at].Name))
		fromDefault = fromDefault || m.Default || m.Group == from.DefaultGroup
	}
	if fromDefault && heir != nil {
		if err := d.client.Put(ctx, from.path()+"/group_memberships/"+strconv.FormatInt(heir.ID, 10)+"/make_default", map[string]any{}, nil); err != nil {
			return refusedTo(err, "give user %d another default group", from.ID)
		}
	}
	for some := range slices.Chunk(ids, pageSize) {
		err := d.client.carry(ctx, kit.Call{Method: http.MethodDelete, Path: "/group_memberships/destroy_many", Query: url.Values{"ids": {strings.Join(some, ",")}}})
		switch {
		case errors.Is(err, errRefused) && heir == nil:
			return desk.Unsupported("leave the last group", "Zendesk lets no agent be in no group at all: put user "+string(from.id())+" into another group, at Admin Center > People > Team members > (the user) > Groups, or set downgrade_leavers on the desk: whoever becomes an end user leaves all groups")
		case err != nil && desk.KindOf(err) != desk.NotFound: // left a moment ago
			return refusedTo(err, "remove user %d from the groups %s", from.ID, strings.Join(names, ", "))
		}
	}
	return nil
}
