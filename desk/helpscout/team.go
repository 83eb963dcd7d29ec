package helpscout

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
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
	change, err := kit.Resolve(ctx, d.teams.Find, add, remove, d.teams.NoneToJoin)
	if err != nil {
		return err
	}
	for _, team := range change.Join {
		if err := d.changeMember(ctx, team, u.ID, true); err != nil {
			return err
		}
	}
	for _, team := range change.Leave {
		if err := edit.Gone(d.changeMember(ctx, team, u.ID, false)); err != nil {
			return err // one that is gone has been left
		}
	}
	return nil
}

// changeMember brings a user into a team or out of it, if need be.
func (d *helpScout) changeMember(ctx context.Context, team kit.Entry, id int64, in bool) error {
	done := func() (bool, error) {
		members, err := d.client.members(ctx, team.ID)
		return slices.ContainsFunc(members, func(u user) bool { return u.ID == id }) == in, err
	}
	if is, err := done(); is || err != nil {
		return err
	}
	change, what := memberChange{Added: []int64{}, Deleted: []int64{id}}, "remove user %d from team %s"
	if in {
		change, what = memberChange{Added: []int64{id}, Deleted: []int64{}}, "add user %d to team %s"
	}
	err := d.client.write(ctx, http.MethodPut, teamPath(team.ID), change)
	d.directory.Changed(roster.Teams, team.ID)
	if err != nil && desk.KindOf(err) == desk.Permanent { // a request that has arrived twice is refused the second time
		if is, look := done(); is && look == nil {
			return nil
		}
	}
	return refusedTo(fmt.Sprintf(what, id, team.Name), err)
}
