package requesttracker

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// group is a user-defined group.
type group struct {
	ID     text   `json:"id"`
	Name   string `json:"Name"`
	Domain string `json:"Domain"`
}

// groupList holds the enabled user-defined groups that the service account may
// see.
type groupList []group

// name returns the name of the group with a number; "" when it is not listed.
func (l groupList) name(id string) string {
	for _, g := range l {
		if string(g.ID) == id {
			return g.Name
		}
	}
	return ""
}

// id returns the number of the group with a name, in any letter case (RT lets
// no two differ in nothing else); "" when it is not listed.
func (l groupList) id(name string) string {
	for _, g := range l {
		if provision.Fold(g.Name) == provision.Fold(name) {
			return string(g.ID)
		}
	}
	return ""
}

// names returns all names, sorted.
func (l groupList) names() []string {
	var names []string
	for _, g := range l {
		names = append(names, g.Name)
	}
	slices.Sort(names)
	return names
}

// directoryAge is how long a list of groups is taken for true: a run reads
// the same user several times, and RT tells memberships by number only.
const directoryAge = 10 * time.Second

// directory reads groups and changes who is in them. It is safe for concurrent
// use.
type directory struct {
	client *client
	groups *kit.Catalogue[group]
}

func newDirectory(c *client) *directory {
	return &directory{client: c, groups: &kit.Catalogue[group]{
		Age: directoryAge, Name: func(g group) string { return g.Name }, Fold: provision.Fold,
		Read: func(ctx context.Context) ([]group, error) {
			found, err := search[group](ctx, c, "/groups", url.Values{"fields": {"Name,Domain"}}, pageSize*maxPages,
				limit{"Domain", "UserDefined"})
			return slices.DeleteFunc(found, func(g group) bool { return g.Domain != "UserDefined" }), err
		},
	}}
}

// list returns the groups, at most directoryAge old.
func (d *directory) list(ctx context.Context) (groupList, error) { return d.groups.List(ctx) }

// reread asks RT for the groups.
func (d *directory) reread(ctx context.Context) (groupList, error) { return d.groups.Reread(ctx) }

// find returns the number of the group with a name; "" when there is none.
func (d *directory) find(ctx context.Context, name string) (string, error) {
	g, err := d.groups.Find(ctx, name)
	if g == nil {
		return "", err
	}
	return string(g.ID), nil
}

// add makes a user a member of a group. RT's answer proves nothing.
func (d *directory) add(ctx context.Context, group, user string) error {
	_, err := d.client.change(ctx, "/group/"+group+"/members", []string{user})
	return membershipError(err)
}

// remove ends a direct membership; one that does not exist is no error to RT.
func (d *directory) remove(ctx context.Context, group, user string) error {
	return membershipError(d.client.Delete(ctx, "/group/"+group+"/member/"+user))
}

// members returns the numbers of the enabled users in a group, those in groups
// within it too.
func (d *directory) members(ctx context.Context, group string) ([]string, error) {
	return d.membersWhere(ctx, group, url.Values{"recursively": {"1"}, "groups": {"0"}})
}

func (d *directory) membersWhere(ctx context.Context, group string, query url.Values) ([]string, error) {
	refs, err := list[ref](ctx, d.client, "/group/"+group+"/members", query)
	if err != nil {
		return nil, membershipError(err)
	}
	var ids []string
	for _, r := range refs {
		if r.Type == "user" {
			ids = append(ids, string(r.ID))
		}
	}
	return ids, nil
}

func membershipError(err error) error {
	if errors.Is(err, kit.ErrForbidden) {
		e := missingRight("AdminGroupMembership", "to read and change who is in a group")
		e.Detail += ", or for this group alone at Admin > Groups > (the group) > User Rights"
		return e
	}
	return err
}

// team returns the group that is a team; nil when there is none.
// A group that stands for a role is refused: the role must be granted instead.
func (d *rt) team(ctx context.Context, name string) (*group, error) {
	for _, role := range []provision.Role{provision.RoleAdmin, provision.RoleAgent, provision.RoleLimited} {
		if group := d.settings.groupOf(role); group != "" && provision.Fold(group) == provision.Fold(name) {
			return nil, desk.Errorf(desk.Permanent, "the group %q stands for the role %s and is no team; let the rule grant the role", group, role)
		}
	}
	return d.groups.groups.Find(ctx, name)
}
