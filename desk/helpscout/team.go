package helpscout

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// memberChange is the body of PUT /teams/{id}/members: a difference, of which
// both lists must be there. Who is in neither stays.
type memberChange struct {
	Added   []int64 `json:"addedUserIds"`
	Deleted []int64 `json:"deletedUserIds"`
}

// ChangeTeams adds the user to teams and removes it from teams. What Help Scout
// does with a user who is in a team already, or not in it, is not documented,
// so each team is looked at before.
func (d *helpScout) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	u, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	if len(add) > 0 && !u.mayOwn() {
		return desk.Errorf(desk.Permanent, "Help Scout takes no one with the role %q into a team; let the rule grant agent, or take the team out of the rule", u.Role)
	}
	find := func(ctx context.Context, name string) (*unit, error) { return d.directory.find(ctx, teams, name) }
	change, err := kit.Resolve(ctx, find, add, remove, func(name string) error { return noTeam(desk.Permanent, name) })
	if err != nil {
		return err
	}
	for _, team := range change.Join {
		if err := d.changeMember(ctx, team, u.ID, true); err != nil {
			return err
		}
	}
	for _, team := range change.Leave {
		if err := d.changeMember(ctx, team, u.ID, false); err != nil && desk.KindOf(err) != desk.NotFound {
			return err // one that is gone has been left
		}
	}
	return nil
}

func noTeam(kind desk.Kind, name string) *desk.Error {
	return desk.NoPlace(kind, name, "Help Scout has no team %q; make it at Manage > Teams > New Team (plans Plus and Pro), or correct the rule", name)
}

// changeMember brings a user into a team or out of it, if need be.
func (d *helpScout) changeMember(ctx context.Context, team unit, id int64, in bool) error {
	members, err := d.directory.members(ctx, teams, team.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(members, func(u user) bool { return u.ID == id }) == in {
		return nil
	}
	change := memberChange{Added: []int64{}, Deleted: []int64{id}}
	if in {
		change = memberChange{Added: []int64{id}, Deleted: []int64{}}
	}
	err = d.client.write(ctx, http.MethodPut, "/teams/"+formatID(team.ID)+"/members", change)
	d.directory.rosters.change(place{teams, team.ID})
	if desk.KindOf(err) == desk.Permanent { // a request that has arrived twice is refused the second time
		members, look := d.directory.members(ctx, teams, team.ID)
		if look == nil && slices.ContainsFunc(members, func(u user) bool { return u.ID == id }) == in {
			return nil
		}
	}
	if in {
		return refusedTo("add user "+formatID(id)+" to team "+team.Name, err)
	}
	return refusedTo("remove user "+formatID(id)+" from team "+team.Name, err)
}

// TeamMembers returns the members of a team who may own conversations, in order
// of id.
func (d *helpScout) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	p, err := d.directory.find(ctx, teams, team)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, noTeam(desk.NotFound, team)
	}
	members, err := d.directory.members(ctx, teams, p.ID)
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(u user) bool { return !u.mayOwn() })
	slices.SortFunc(members, func(a, b user) int { return cmp.Compare(a.ID, b.ID) })
	var ids []provision.DeskUserID
	for _, u := range members {
		ids = append(ids, u.deskID())
	}
	return slices.Compact(ids), nil
}

var _ desk.Numbered = (*helpScout)(nil)

// Units implements [desk.Numbered].
func (d *helpScout) Units(ctx context.Context) (teamUnits, mailboxUnits []desk.Unit, err error) {
	for k, into := range map[kind]*[]desk.Unit{teams: &teamUnits, mailboxes: &mailboxUnits} {
		list, err := d.directory.catalogues[k].List(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, u := range list {
			*into = append(*into, desk.Unit{ID: formatID(u.ID), Name: u.Name})
		}
	}
	return teamUnits, mailboxUnits, nil
}
