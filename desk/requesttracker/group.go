package requesttracker

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// group is a user-defined group.
type group struct {
	ID     kit.Scalar `json:"id"`
	Name   string     `json:"Name"`
	Domain string     `json:"Domain"`
}

// directoryAge is how long a list of groups is taken for true: a run reads
// the same user several times, and RT tells memberships by number only.
const directoryAge = 10 * time.Second

// directory holds the enabled user-defined groups that the service account may see, reads who
// is in them and changes it. RT lets no two names differ in nothing but letter case. It is safe
// for concurrent use.
type directory struct {
	*kit.Catalogue[group]
	client *client
}

func newDirectory(c *client) *directory {
	return &directory{client: c, Catalogue: &kit.Catalogue[group]{
		Age: directoryAge, Name: func(g group) string { return g.Name }, Fold: provision.Fold,
		Read: func(ctx context.Context) ([]group, error) {
			found, err := collect[group](ctx, c, "/groups", url.Values{"fields": {"Name,Domain"}}, pageSize*maxPages, limit{"Domain", "UserDefined"})
			return slices.DeleteFunc(found, func(g group) bool { return g.Domain != "UserDefined" }), err
		},
	}}
}

// names returns the names of groups, sorted.
func names(groups []group) []string {
	var all []string
	for _, g := range groups {
		all = append(all, g.Name)
	}
	slices.Sort(all)
	return all
}

// add makes a user a member of a group. RT's answer proves nothing.
func (d *directory) add(ctx context.Context, g group, user kit.Scalar) error {
	_, err := d.client.change(ctx, "/group/"+string(g.ID)+"/members", []kit.Scalar{user})
	return membershipError(err)
}

// remove ends a direct membership; one that does not exist is no error to RT.
func (d *directory) remove(ctx context.Context, g group, user kit.Scalar) error {
	return membershipError(d.client.Delete(ctx, "/group/"+string(g.ID)+"/member/"+string(user)))
}

// members returns the numbers of the users in a group, those in groups within it too: of the
// enabled ones, or of everybody.
func (d *directory) members(ctx context.Context, g group, everybody bool) ([]string, error) {
	query := url.Values{"recursively": {"1"}, "groups": {"0"}}
	if everybody {
		query.Set("find_disabled_rows", "1")
	}
	refs, err := list[ref](ctx, d.client, "/group/"+string(g.ID)+"/members", query)
	var ids []string
	for _, r := range refs {
		if r.Type == "user" {
			ids = append(ids, string(r.ID))
		}
	}
	return ids, membershipError(err)
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
func (d *rt) find(ctx context.Context, name string) (*group, error) {
	if role := d.settings.groups.Ours(name); role != "" {
		return nil, desk.Errorf(desk.Permanent, "the group %q stands for the role %s and is no team; let the rule grant the role", d.settings.groups.Of(role), role)
	}
	return d.groups.Find(ctx, name)
}

func noTeam(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "RT shows no group %q; make it at Admin > Groups > Create, or give the service account the right SeeGroup, or correct the rule", name)
}

// ChangeTeams adds the user to groups and removes it from groups.
func (d *rt) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return edit.Places[provision.DeskUserID, *record, group]{
		Read: d.read, Find: d.find, Missing: func(name string) error { return noTeam(desk.Permanent, name) }, In: (*record).in,
		Join:  func(ctx context.Context, r *record, g group) error { return d.groups.add(ctx, g, r.ID) },
		Leave: func(ctx context.Context, r *record, g group) error { return d.groups.remove(ctx, g, r.ID) },
		NotJoined: func(id provision.DeskUserID, g group) error {
			return desk.NotShownf("RT did not add user %s to group %s; give the service account AdminGroupMembership, and see that the group is enabled", id, g.ID)
		},
		NotLeft: func(id provision.DeskUserID, g group) error {
			return desk.NotShownf("user %s is still in group %s through a group within it; take the user out of that one at Admin > Groups > (the group) > Members, or map it as a team of its own", id, g.ID)
		},
	}.Change(ctx, id, add, remove)
}

// TeamMembers returns the enabled users in a group, in order of number.
func (d *rt) TeamMembers(ctx context.Context, team string) (ids []provision.DeskUserID, _ error) {
	g, err := d.find(ctx, team)
	if err == nil && g == nil {
		err = noTeam(desk.NotFound, team)
	}
	if err != nil {
		return nil, err
	}
	members, err := d.groups.members(ctx, *g, false)
	slices.SortFunc(members, kit.ByNumber)
	for _, id := range slices.Compact(members) {
		ids = append(ids, provision.DeskUserID(id))
	}
	return ids, err
}

var (
	_ desk.Numbered      = (*rt)(nil)
	_ desk.TeamMailboxes = (*rt)(nil)
)

// Units implements [desk.Numbered]: teams are groups. Rules name no queues.
func (d *rt) Units(ctx context.Context) (teams, _ []desk.Unit, err error) {
	groups, err := d.groups.List(ctx)
	for _, g := range groups {
		teams = append(teams, desk.Unit{ID: string(g.ID), Name: g.Name})
	}
	return teams, nil, err
}

// MailboxesOf returns what the setting team_queues says; without it, no group is
// known to open a queue.
func (d *rt) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	g, err := d.groups.Find(ctx, team)
	if err == nil && g == nil {
		err = noTeam(desk.NotFound, team)
	}
	if err != nil {
		return nil, err
	}
	return d.settings.teamQueues.Of(team, provision.Fold), nil
}
