package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const (
	handOverPage = 100
	// handOverMost is how many conversations one run moves before it asks a
	// person: more than that is no workload but a mistake.
	handOverMost = 10_000
)

// handOver gives a leaver's open conversations to others, until the desk shows
// none any more. rest is what the run will write afterwards; it stays in the
// journal. left says why some could not be given to anybody, not even to the
// queue: an admin has to.
func (w *Worker) handOver(ctx context.Context, d *session, v *reconcile.Run, have *provision.DeskUser, rest []reconcile.Write) (left, _ error) {
	t := &transfer{moved: make(map[string]bool), refused: make(map[string]bool)}
	for {
		open, err := d.OpenConversations(ctx, have.ID, handOverPage)
		if err != nil {
			return nil, err
		}
		fresh := slices.DeleteFunc(slices.Clone(open), t.seen)
		switch {
		case len(fresh) == 0 && slices.ContainsFunc(open, func(c desk.Conversation) bool { return t.moved[c.ID] }):
			return nil, desk.Errorf(desk.Retryable, "the desk accepts new assignees of conversations but does not show them afterwards")
		case len(fresh) == 0:
			return t.left, nil
		case len(t.moved)+len(t.refused) >= handOverMost:
			return desk.Errorf(desk.Permanent, "desk user %s has more than %d open conversations; reassign them on the desk, then run `deskbridge retry`", have.ID, handOverMost), nil
		}
		if t.assignees == nil {
			if t.assignees, err = w.findAssignees(ctx, d, v, have); err != nil {
				return nil, err
			}
			w.notePolicy(ctx, d, v, have, t.assignees)
		}
		if err := w.handOverPage(ctx, d, v, fresh, t, rest); err != nil {
			return nil, err
		}
	}
}

// transfer is a hand-over on its way.
type transfer struct {
	assignees *assignees
	moved     map[string]bool // conversations by id
	refused   map[string]bool
	left      error // the first refusal
}

func (t *transfer) seen(c desk.Conversation) bool { return t.moved[c.ID] || t.refused[c.ID] }

func (w *Worker) handOverPage(ctx context.Context, d *session, v *reconcile.Run, open []desk.Conversation, t *transfer, rest []reconcile.Write) error {
	steps := make([]reconcile.Write, len(open))
	to := make([]desk.Assignee, len(open))
	for i, c := range open {
		to[i] = t.assignees.next()
		steps[i] = reconcile.Write{Account: v.Account.ID, Kind: reconcile.WriteHandOver, Detail: handOverDetail(c, to[i]), Note: t.assignees.note}
	}
	planned, err := v.Journal(ctx, slices.Concat(steps, rest))
	if err != nil {
		return err
	}
	for i, c := range open {
		s := planned[i]
		got, err := w.assign(ctx, d, c, to[i])
		if isPaused(err) { // neither this one nor what follows was tried
			return errors.Join(err, v.Drop(ctx, v.Unfinished))
		}
		switch desk.KindOf(err) {
		case desk.Permanent, desk.CannotDo:
			t.refused[c.ID] = true
			if t.left == nil {
				t.left = err
			}
		case desk.NotFound: // closed or merged meanwhile: nobody's any more
			t.refused[c.ID] = true
		default:
			if err != nil {
				return err
			}
			t.moved[c.ID] = true
		}
		if !t.moved[c.ID] {
			if err := v.Drop(ctx, []reconcile.Write{s}); err != nil {
				return err
			}
			continue
		}
		if got != to[i] {
			s.Detail = handOverDetail(c, got)
			s.Note = "the chosen assignee may not own it, so the queue has it"
		}
		if err := v.Done(ctx, s, v.Account.DeskUser); err != nil {
			return err
		}
		w.metrics.step(v.Desk, s.Kind)
	}
	return nil
}

// assign gives c to its assignee, or to nobody when the desk refuses the assignee.
func (w *Worker) assign(ctx context.Context, d *session, c desk.Conversation, to desk.Assignee) (desk.Assignee, error) {
	err := d.Assign(ctx, c.ID, to)
	if desk.KindOf(err) == desk.Permanent && to != (desk.Assignee{}) {
		to = desk.Assignee{}
		err = d.Assign(ctx, c.ID, to)
	}
	return to, err
}

func handOverDetail(c desk.Conversation, to desk.Assignee) map[string]any {
	detail := map[string]any{"conversation": c.ID}
	switch {
	case to.User != "":
		detail["to_desk_user"] = string(to.User)
	case to.Team != "":
		detail["to_team"] = to.Team
	default:
		detail["to"] = "unassigned"
	}
	return detail
}

// assignees are those who take over, in turn; none means nobody.
type assignees struct {
	list []desk.Assignee
	at   int
	note string // why it is nobody, when somebody was asked for
}

func (a *assignees) next() desk.Assignee {
	if len(a.list) == 0 {
		return desk.Assignee{}
	}
	assignee := a.list[a.at%len(a.list)]
	a.at++
	return assignee
}

// findAssignees turns the desk's policy into assignees.
func (w *Worker) findAssignees(ctx context.Context, d *session, v *reconcile.Run, have *provision.DeskUser) (*assignees, error) {
	policy := v.Desk.HandOver
	switch {
	case policy.Agent != "":
		if leaving, err := w.core.Reconcile.IsLeaving(ctx, v.Desk.ID, policy.Agent); err != nil || leaving {
			return &assignees{note: "the agent named in hand_over is leaving too"}, err
		}
		return w.agentAssignee(ctx, d, desk.Key{Email: policy.Agent}, have, "the agent named in hand_over is not active on the desk")
	case policy.To == provision.HandOverManager:
		manager, err := w.core.Reconcile.DeskUserOf(ctx, v.Connection.ID, v.Desk.ID, v.Account.Manager)
		if err != nil {
			return nil, err
		}
		if manager == "" {
			if leaving, err := w.core.Reconcile.IsLeaving(ctx, v.Desk.ID, v.Account.Manager); err != nil || leaving {
				return &assignees{note: "the manager is leaving too"}, err
			}
			return &assignees{note: "the manager has no account on the desk"}, nil
		}
		return w.agentAssignee(ctx, d, desk.Key{ID: manager}, have, "the manager is not active on the desk")
	case policy.To == provision.HandOverTeam || policy.To == provision.HandOverRoundRobin:
		return w.teamAssignees(ctx, d, v, have)
	}
	return &assignees{}, nil
}

func (w *Worker) agentAssignee(ctx context.Context, d *session, key desk.Key, leaver *provision.DeskUser, otherwise string) (*assignees, error) {
	user, err := d.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	if user == nil || !user.Active || user.ID == leaver.ID {
		return &assignees{note: otherwise}, nil
	}
	return &assignees{list: []desk.Assignee{{User: user.ID}}}, nil
}

// teamAssignees are the leaver's teams, those in the managed scope first, or their
// active members in turn.
func (w *Worker) teamAssignees(ctx context.Context, d *session, v *reconcile.Run, have *provision.DeskUser) (*assignees, error) {
	teams := slices.Clone(have.Teams)
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
