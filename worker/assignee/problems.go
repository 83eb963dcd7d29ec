package assignee

import (
	"context"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Problems says what keeps a rule of a desk's hand-over policy from finding somebody who
// takes over from people of these teams; nothing when it can be followed. mailbox is whose
// rule it is, "" the general one; leaver, when not empty, whose conversations they are.
func Problems(ctx context.Context, d desk.Desk, mailbox string, rule provision.HandOverRule, teams []string, leaver provision.DeskUserID) (problems []string, _ error) {
	switch {
	case rule.Agent != "":
		user, err := d.Find(ctx, desk.Key{Email: rule.Agent})
		switch {
		case err != nil:
			return nil, err
		case user == nil:
			return []string{of(mailbox) + rule.Agent + " is not on the desk; leavers' conversations go to the queue"}, nil
		case !user.Active:
			return []string{of(mailbox) + rule.Agent + " is not active on the desk; leavers' conversations go to the queue"}, nil
		}
		return nil, nil
	case rule.Team != "":
		teams = []string{rule.Team}
	case rule.To != provision.HandOverTeam && rule.To != provision.HandOverRoundRobin:
		return nil, nil
	}
	for _, team := range teams {
		members, err := d.TeamMembers(ctx, team)
		switch {
		case desk.KindOf(err) == desk.NotFound && err != nil:
			problems = append(problems, fmt.Sprintf("%sthe team %q is not on the desk", of(mailbox), team))
		case err != nil:
			return nil, err
		case !slices.ContainsFunc(members, func(m provision.DeskUserID) bool { return m != leaver }):
			problems = append(problems, fmt.Sprintf("%sthe team %q has no active members; what is handed over there is seen by nobody in it", of(mailbox), team))
		}
	}
	return problems, nil
}

// of names a rule, before what is wrong with it.
func of(mailbox string) string {
	if mailbox == "" {
		return "hand_over: "
	}
	return fmt.Sprintf("hand_over of the mailbox %q: ", mailbox)
}

// Problem says what is wrong with the rule of a mailbox, "" the general one, by which l was found
// for a leaver; "" for nothing. known is false when that says nothing of the rule: the leaver is in
// no team, or the desk does not tell.
func (l *List) Problem(ctx context.Context, d desk.Desk, mailbox string, rule provision.HandOverRule, leaver *provision.DeskUser) (problem string, known bool) {
	switch {
	case rule.Agent != "":
		if len(l.all) == 0 {
			problem = of(mailbox) + l.note + " (" + rule.Agent + ")"
		}
	case rule.Team != "" || rule.To == provision.HandOverRoundRobin || rule.To == provision.HandOverTeam:
		var teams []string
		for _, to := range l.all {
			if to.Team != "" {
				teams = append(teams, to.Team)
			}
		}
		if len(l.all) == 0 {
			if teams = leaver.Teams; len(teams) == 0 && rule.Team == "" {
				return "", false
			}
		}
		if rule.Team != "" && len(l.all) > 0 && len(teams) == 0 {
			return "", true // its members have them
		}
		problems, err := Problems(ctx, d, mailbox, rule, teams, leaver.ID)
		if err != nil {
			return "", false
		}
		if len(problems) > 0 {
			problem = problems[0]
		}
	}
	return problem, true
}
