package worker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// HandOverProblems says what keeps a desk's hand-over policy from finding
// somebody who takes over from people of these teams; nothing when it can be
// followed. leaver, when not empty, is whose conversations they are.
func HandOverProblems(ctx context.Context, d desk.Desk, policy provision.HandOver, teams []string, leaver provision.DeskUserID) (problems []string, _ error) {
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

// notePolicy notes whether the desk's hand-over policy found somebody who takes over from a leaver:
// it is a fact of the desk, which people are shown. A desk that
// does not tell changes nothing of what is known.
func (w *Worker) notePolicy(ctx context.Context, d *guard.Session, v *reconcile.Run, leaver *provision.DeskUser, found *assignees) {
	policy := v.Desk.HandOver
	var problem string
	switch {
	case policy.Agent != "":
		if len(found.list) == 0 {
			problem = "hand_over: " + found.note + " (" + policy.Agent + ")"
		}
	case policy.To == provision.HandOverRoundRobin || policy.To == provision.HandOverTeam:
		var teams []string
		for _, a := range found.list {
			if a.Team != "" {
				teams = append(teams, a.Team)
			}
		}
		if len(found.list) == 0 {
			if teams = leaver.Teams; len(teams) == 0 {
				return // that says nothing of the policy
			}
		}
		problems, err := HandOverProblems(ctx, d, policy, teams, leaver.ID)
		if err != nil {
			return
		}
		if len(problems) > 0 {
			problem = problems[0]
		}
	}
	if err := w.core.DeskHealth.NoteHandOver(ctx, v.Desk, problem); err != nil {
		w.log.ErrorContext(ctx, "noting a hand-over policy failed", "desk", v.Desk.Name, "err", err)
	}
}

// CheckPolicy asks a desk whether its hand-over policy finds somebody who takes
// over, and has core note it. It returns what is in the way. A team that nobody is in is not
// noted: who was the last one there to leave is, by their run.
func CheckPolicy(ctx context.Context, core Core, d desk.Desk, settings provision.Desk) (problems []string, _ error) {
	rules, err := core.Settings.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	var teams []string
	for _, r := range rules {
		if r.Desk == settings.ID {
			teams = append(teams, r.Teams...)
		}
	}
	problems, err = HandOverProblems(ctx, d, settings.HandOver, provision.Sorted(teams), "")
	if err != nil || len(problems) > 0 && settings.HandOver.Agent == "" {
		return problems, err
	}
	return problems, core.DeskHealth.NoteHandOver(ctx, settings, strings.Join(problems, "; "))
}
