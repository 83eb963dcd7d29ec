package assignee

import (
	"context"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Problems says what keeps a desk's hand-over policy from finding somebody who
// takes over from people of these teams; nothing when it can be followed. leaver,
// when not empty, is whose conversations they are.
func Problems(ctx context.Context, d desk.Desk, policy provision.HandOver, teams []string, leaver provision.DeskUserID) (problems []string, _ error) {
	switch {
	case policy.Agent != "":
		user, err := d.Find(ctx, desk.Key{Email: policy.Agent})
		switch {
		case err != nil:
			return nil, err
		case user == nil:
			return []string{"hand_over: " + policy.Agent + " is not on the desk; leavers' conversations go to the queue"}, nil
		case !user.Active:
			return []string{"hand_over: " + policy.Agent + " is not active on the desk; leavers' conversations go to the queue"}, nil
		}
	case policy.To == provision.HandOverTeam || policy.To == provision.HandOverRoundRobin:
		for _, team := range teams {
			members, err := d.TeamMembers(ctx, team)
			switch {
			case desk.KindOf(err) == desk.NotFound && err != nil:
				problems = append(problems, fmt.Sprintf("hand_over: the team %q is not on the desk", team))
			case err != nil:
				return nil, err
			case !slices.ContainsFunc(members, func(m provision.DeskUserID) bool { return m != leaver }):
				problems = append(problems, fmt.Sprintf("hand_over: the team %q has no active members; what is handed over there is seen by nobody in it", team))
			}
		}
	}
	return problems, nil
}

// Problem says what is wrong with the policy by which l was found for a leaver; ""
// for nothing. known is false when that says nothing of the policy: the leaver is in
// no team, or the desk does not tell.
func (l *List) Problem(ctx context.Context, d desk.Desk, policy provision.HandOver, leaver *provision.DeskUser) (problem string, known bool) {
	switch {
	case policy.Agent != "":
		if len(l.all) == 0 {
			problem = "hand_over: " + l.note + " (" + policy.Agent + ")"
		}
	case policy.To == provision.HandOverRoundRobin || policy.To == provision.HandOverTeam:
		var teams []string
		for _, to := range l.all {
			if to.Team != "" {
				teams = append(teams, to.Team)
			}
		}
		if len(l.all) == 0 {
			if teams = leaver.Teams; len(teams) == 0 {
				return "", false
			}
		}
		problems, err := Problems(ctx, d, policy, teams, leaver.ID)
		if err != nil {
			return "", false
		}
		if len(problems) > 0 {
			problem = problems[0]
		}
	}
	return problem, true
}
