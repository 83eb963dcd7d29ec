package requesttracker

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// groups are the enabled user-defined groups that the service account may see, and who is in
// them. RT lets no two names differ in nothing but letter case.
type groups struct {
	*kit.Groups
	client *client
}

const makeGroup = "Admin > Groups > Create, or give the service account the right SeeGroup"

func groupsOf(c *client) *groups {
	return &groups{client: c, Groups: named.Groups(vendor, "group", makeGroup, func(ctx context.Context) ([]kit.Entry, error) { return c.groupsIn(ctx, "UserDefined") })}
}

// groupsIn returns the groups of a domain that the service account may see.
func (c *client) groupsIn(ctx context.Context, domain string) (there []kit.Entry, _ error) {
	type group struct {
		ID     kit.Scalar `json:"id"`
		Name   string     `json:"Name"`
		Domain string     `json:"Domain"`
	}
	found, err := list[group](c, "/groups", url.Values{"fields": {"Name,Domain"}}, pageSize, limit{"Domain", domain}).All(ctx)
	for _, g := range found {
		if g.Domain == domain {
			there = append(there, kit.Entry{ID: g.ID.Number(), Name: g.Name})
		}
	}
	return there, err
}

func members(group int64) string { return "/group/" + strconv.FormatInt(group, 10) + "/members" }

// add makes a user a member of a group. RT's answer proves nothing.
func (g *groups) add(ctx context.Context, group kit.Entry, user provision.DeskUserID) error {
	return membershipError(g.client.Put(ctx, members(group.ID), []provision.DeskUserID{user}, nil))
}

// remove ends a direct membership; one that does not exist is no error to RT.
func (g *groups) remove(ctx context.Context, group kit.Entry, user provision.DeskUserID) error {
	return membershipError(g.client.Delete(ctx, "/group/"+strconv.FormatInt(group.ID, 10)+"/member/"+string(user)))
}

// members returns the numbers of the users in a group, those in groups within it too, in order: of
// the enabled ones, or of everybody.
func (g *groups) members(ctx context.Context, group int64, everybody bool) ([]int64, error) {
	query := url.Values{"recursively": {"1"}, "groups": {"0"}}
	if everybody {
		query.Set("find_disabled_rows", "1")
	}
	all, err := list[ref](g.client, members(group), query, pageSize).All(ctx)
	ids := numbered(all, "user")
	slices.Sort(ids)
	return slices.Compact(ids), membershipError(err)
}

func membershipError(err error) error {
	if errors.Is(err, kit.ErrForbidden) {
		e := missingRight("AdminGroupMembership", "to read and change who is in a group")
		e.Detail += ", or for this group alone at Admin > Groups > (the group) > User Rights"
		return e
	}
	return err
}

// find returns the group that is a team; nil when there is none.
// A group that stands for a role is refused: the role must be granted instead.
func (d *rt) find(ctx context.Context, name string) (*kit.Entry, error) {
	if role := d.settings.groups.Ours(name); role != "" {
		return nil, desk.Errorf(desk.Permanent, "the group %q stands for the role %s and is no team; let the rule grant the role", d.settings.groups.Of(role), role)
	}
	return d.groups.Find(ctx, name)
}

// ChangeTeams adds the user to groups and removes it from groups.
func (d *rt) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, *record, kit.Entry]{
		Read: d.read, Find: d.find, Missing: func(name string) error { return d.groups.None(desk.Permanent, name) }, In: (*record).in,
		Join:  func(ctx context.Context, _ *record, g kit.Entry) error { return d.groups.add(ctx, g, id) },
		Leave: func(ctx context.Context, _ *record, g kit.Entry) error { return d.groups.remove(ctx, g, id) },
		NotJoined: func(id provision.DeskUserID, g kit.Entry) error {
			return desk.NotShownf("RT did not add user %s to group %d; give the service account AdminGroupMembership, and see that the group is enabled", id, g.ID)
		},
		NotLeft: func(id provision.DeskUserID, g kit.Entry) error {
			return desk.NotShownf("user %s is still in group %d through a group within it; take the user out of that one at Admin > Groups > (the group) > Members, or map it as a team of its own", id, g.ID)
		},
	}.Change(ctx, id, add, remove)
}

// TeamMembers returns the enabled users in a group, in order of number.
func (d *rt) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.find(ctx, team)
	if err == nil && g == nil {
		err = d.groups.None(desk.NotFound, team)
	}
	if err != nil {
		return nil, err
	}
	members, err := d.groups.members(ctx, g.ID, false)
	return people.IDs(members), err
}

// MailboxesOf returns what the setting team_queues says; without it, no group is
// known to open a queue.
func (d *rt) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	if _, err := d.groups.Get(ctx, desk.NotFound, team); err != nil {
		return nil, err
	}
	return d.settings.teamQueues.Of(team, provision.Fold), nil
}
