package redmine

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ChangeTeams adds the user to groups and removes it from groups.
func (d *redmine) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	change, err := kit.Resolve(ctx, d.team, add, remove, func(name string) error { return noTeam(desk.Permanent, name) })
	if err != nil {
		return err
	}
	wrote, err := change.Apply(ctx, r.memberOf,
		func(ctx context.Context, team entry) error { return d.join(ctx, &team, r) },
		func(ctx context.Context, team entry) error { return d.leave(ctx, &team, r) })
	if err != nil || !wrote {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		return change.Confirm(r.memberOf,
			func(team entry) error { return disobeyed("add user " + string(id) + " to the group " + team.Name) },
			func(team entry) error { return disobeyed("remove user " + string(id) + " from the group " + team.Name) })
	})
}

// join adds a user to a group. Redmine refuses one who is in it already: somebody
// else was faster.
func (d *redmine) join(ctx context.Context, group *entry, r *record) error {
	err := d.client.Post(ctx, group.path("/groups")+"/users", map[string]any{"user_id": r.ID}, nil)
	if errors.Is(err, errRefused) {
		return nil // whoever reads back sees
	}
	return groupGone(err, group)
}

// leave removes a user from a group; Redmine does not mind one who is not in it.
func (d *redmine) leave(ctx context.Context, group *entry, r *record) error {
	return groupGone(d.client.Delete(ctx, group.path("/groups")+"/users/"+string(r.id())), group)
}

// groupGone keeps a group that was deleted under our hands from being taken for
// a user that is gone.
func groupGone(err error, group *entry) error {
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return desk.Errorf(desk.Retryable, "the group %q of Redmine, or the user, was deleted a moment ago", group.Name)
	}
	return err
}

// TeamMembers returns the active users in a group, in order of number. They must
// be in the group's own list and in that of active users: a release that ignores
// the filter would make everybody a member.
func (d *redmine) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	group, err := d.team(ctx, team)
	if err == nil && group == nil {
		err = noTeam(desk.NotFound, team)
	}
	if err != nil {
		return nil, err
	}
	var answer struct {
		Group struct {
			Users []entry `json:"users"`
		} `json:"group"`
	}
	if err := d.client.Get(ctx, group.path("/groups"), url.Values{"include": {"users"}}, &answer); err != nil {
		return nil, err
	}
	var members []int64
	for _, u := range answer.Group.Users {
		members = append(members, u.ID)
	}
	slices.Sort(members)
	var ids []provision.DeskUserID
	active := url.Values{"group_id": {group.number()}, "status": {"1"}}
	err = each(ctx, d.client, "/users", "users", active, func(r record) bool {
		if _, in := slices.BinarySearch(members, r.ID); in {
			ids = append(ids, r.id())
		}
		return true
	})
	slices.SortFunc(ids, kit.ByNumber)
	return ids, err
}

// openedProjects tells which projects groups open, and the ids of both. It is a
// [desk.TeamMailboxes] and a [desk.Numbered].
type openedProjects struct {
	client    *kit.Client
	directory *directory
}

// MailboxesOf returns the active projects of which a group is a member, by
// itself or through the project above.
func (d openedProjects) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	group, err := d.directory.groups.Find(ctx, team)
	if err == nil && group == nil {
		err = noTeam(desk.NotFound, team)
	}
	if err != nil {
		return nil, err
	}
	active, err := d.directory.projects.List(ctx)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Group struct {
			ID          int64        `json:"id"`
			Memberships []membership `json:"memberships"`
		} `json:"group"`
	}
	if err := d.client.Get(ctx, group.path("/groups"), url.Values{"include": {"memberships"}}, &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.Group.ID != group.ID:
		return nil, desk.Errorf(desk.Retryable, "Redmine answered a question about group %d with another one", group.ID)
	case answer.Group.Memberships == nil: // to take it for "none" would be a lie
		return nil, desk.Errorf(desk.Permanent, "Redmine does not show the projects of the group %q to the service account; make it an administrator: Administration > Users > (the service account) > Administrator", group.Name)
	}
	var open []entry
	for _, p := range active {
		if slices.ContainsFunc(answer.Group.Memberships, func(m membership) bool { return m.Project.ID == p.ID && len(m.Roles) > 0 }) {
			open = append(open, p)
		}
	}
	return names(open), nil
}
