package worker

import (
	"cmp"
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

// assignees are those who take over, in turn; none means nobody.
type assignees struct {
	list []desk.Assignee
	at   int
	room map[desk.Assignee]int // how many more each may get; whoever is not in it any number
	note string                // why it is nobody, when somebody was asked for
}

// next returns whose turn it is; again, if that is one of them: who was tried
// before may have the conversation after all, and nobody is to have it after them.
func (a *assignees) next(again *desk.Assignee) desk.Assignee {
	if again != nil && slices.Contains(a.list, *again) {
		return *again
	}
	for range a.list {
		assignee := a.list[a.at%len(a.list)]
		a.at++
		if left, limited := a.room[assignee]; !limited || left > 0 {
			if limited {
				a.room[assignee]--
			}
			return assignee
		}
	}
	return desk.Assignee{}
}

// findAssignees turns the desk's policy into assignees. People get no more than the
// cap leaves them, as the desk shows what they have.
func (w *Worker) findAssignees(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, loss reconcile.Loss) (*assignees, error) {
	a, err := w.takeOver(ctx, d, v, have, loss)
	most := v.Desk.HandOver.Cap
	if err != nil || most == 0 {
		return a, err
	}
	a.room = make(map[desk.Assignee]int)
	for _, to := range a.list {
		if to.User == "" {
			continue
		}
		open, err := d.OpenConversations(ctx, to.User, most)
		if err != nil {
			return nil, err
		}
		a.room[to] = most - len(open)
	}
	return a, nil
}

// takeOver returns whom the desk's policy names.
func (w *Worker) takeOver(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, loss reconcile.Loss) (*assignees, error) {
	policy := v.Desk.HandOver
	switch {
	case policy.Agent != "":
		if leaving, err := w.core.Entitlement.IsLeaving(ctx, v.Desk.ID, policy.Agent); err != nil || leaving {
			return &assignees{note: "the agent named in hand_over is leaving too"}, err
		}
		return w.agentAssignee(ctx, d, desk.Key{Email: policy.Agent}, have, "the agent named in hand_over is not active on the desk")
	case policy.To == provision.HandOverManager:
		return w.managerAssignee(ctx, d, v, have)
	case policy.To == provision.HandOverTeam || policy.To == provision.HandOverRoundRobin:
		return w.teamAssignees(ctx, d, v, have, loss)
	}
	return &assignees{}, nil
}

// managerAssignee is the person's manager, or the next above who is active on the desk.
func (w *Worker) managerAssignee(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser) (*assignees, error) {
	managers, gone, err := w.core.Entitlement.ManagersOn(ctx, v.Connection.ID, v.Desk.ID, v.Account.Manager)
	if err != nil {
		return nil, err
	}
	note := cmp.Or(gone, "the manager is not active on the desk")
	for i, manager := range managers {
		found, err := w.agentAssignee(ctx, d, desk.Key{ID: manager}, have, note)
		if err != nil {
			return nil, err
		}
		if len(found.list) == 0 {
			continue
		}
		if i > 0 || gone != "" {
			found.note = note + ", so the next manager above has it"
		}
		return found, nil
	}
	return &assignees{note: note}, nil
}

func (w *Worker) agentAssignee(ctx context.Context, d *guard.Session, key desk.Key, leaver *provision.DeskUser, otherwise string) (*assignees, error) {
	user, err := d.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	if user == nil || !user.Active || user.ID == leaver.ID {
		return &assignees{note: otherwise}, nil
	}
	return &assignees{list: []desk.Assignee{{User: user.ID}}}, nil
}

// teamAssignees are the person's teams, or their active members in turn: the
// teams that they lose, else all of theirs, those in the managed scope first.
func (w *Worker) teamAssignees(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, loss reconcile.Loss) (*assignees, error) {
	teams := slices.Clone(loss.Teams)
	if len(teams) == 0 {
		teams = slices.Clone(have.Teams)
	}
	if len(teams) == 0 { // they have left already, in a run that was cut short
		teams = slices.Clone(v.Account.Confirmed.Teams)
	}
	slices.SortStableFunc(teams, func(a, b string) int {
		return cmp.Compare(min(slices.Index(v.Teams, b), 0), min(slices.Index(v.Teams, a), 0)) // -1: not managed
	})
	if v.Desk.HandOver.To == provision.HandOverTeam && d.Capabilities().AssignToTeam && len(teams) > 0 {
		return &assignees{list: []desk.Assignee{{Team: teams[0]}}}, nil
	}
	a := &assignees{note: "nobody else is active in the person's teams"}
	for _, team := range teams {
		members, err := d.TeamMembers(ctx, team)
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return nil, err
		}
		for _, m := range members {
			assignee := desk.Assignee{User: m}
			if m != have.ID && !slices.Contains(a.list, assignee) {
				a.list = append(a.list, assignee)
			}
		}
	}
	if len(a.list) > 0 {
		a.note = ""
	}
	return a, nil
}
