package worker

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// awayByHand returns the write that tells a desk of an absence as one for an admin to
// do there: err says why the desk cannot, and where to click.
func awayByHand(v *reconcile.Run, s reconcile.Write, err error) reconcile.Write {
	why := err.Error()
	if e, ok := errors.AsType[*desk.Error](err); ok {
		why = e.Detail
	}
	what := "have " + v.Desk.Name + " give them new conversations again: "
	if s.Detail["away"] == true {
		what = "keep new conversations on " + v.Desk.Name + " from them until " + provision.LastDay(v.Account.Desired.Away.Until) + ": "
	}
	s.Detail = maps.Clone(s.Detail)
	s.Detail["by_hand"] = what + why
	return s
}

// asPresent is what a run has reached that found nothing to write for somebody who
// keeps access: what an absence that has begun, or has ended, means for conversations.
func (w *Worker) asPresent(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser) (outcome, error) {
	was, is := v.Account.Confirmed.Away, v.Account.Desired.Away
	switch {
	case is != nil && is.HandOver && (was == nil || !was.HandOver):
		left, err := w.handOver(ctx, d, v, have, reconcile.Loss{All: true}, nil)
		if err != nil {
			return outcome{}, err
		}
		if left != nil {
			var todo tasks
			todo.add(left)
			return outcome{tasks: todo}, nil
		}
	case is == nil && was != nil && len(was.Given) > 0:
		if err := w.giveBack(ctx, d, v, have, was.Given); err != nil {
			return outcome{}, err
		}
	}
	return outcome{shown: have}, nil
}

// giveBack gives somebody who is back what was handed over to agents while they were
// away, as far as it is open and still with that same agent: what anybody has given to
// somebody else, or closed, stays as it is. What the desk shows as theirs afterwards is
// entered in the audit log.
func (w *Worker) giveBack(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, given []provision.Given) error {
	mine, err := openOf(ctx, d, have.ID)
	if err != nil {
		return err
	}
	before := maps.Clone(mine)
	of := make(map[provision.DeskUserID][]string)
	for _, g := range given {
		if !mine[g.Conversation] {
			of[g.To] = append(of[g.To], g.Conversation)
		}
	}
	for _, agent := range slices.Sorted(maps.Keys(of)) {
		theirs, err := openOf(ctx, d, agent)
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return err
		}
		for _, id := range of[agent] {
			if !theirs[id] {
				continue
			}
			err := d.Assign(ctx, id, desk.Assignee{User: have.ID})
			switch desk.KindOf(err) {
			case desk.Permanent, desk.CannotDo, desk.NotFound, desk.Conflict: // it stays where it is in use
				continue
			}
			if err != nil {
				return err
			}
		}
	}
	if mine, err = openOf(ctx, d, have.ID); err != nil {
		return err
	}
	var back []reconcile.Write
	for _, g := range given {
		if !mine[g.Conversation] {
			continue
		}
		write := reconcile.Write{Account: v.Account.ID, Kind: reconcile.WriteGiveBack, Detail: map[string]any{"conversation": g.Conversation, "from_desk_user": string(g.To)}}
		if before[g.Conversation] {
			write.Note = "theirs before Deskbridge gave it back"
		}
		back = append(back, write)
	}
	return v.HandedOver(ctx, back, 0, nil)
}

// openOf returns the open conversations of a user, by id.
func openOf(ctx context.Context, d *guard.Session, id provision.DeskUserID) (map[string]bool, error) {
	list, err := d.OpenConversations(ctx, id, handOverMost)
	open := make(map[string]bool, len(list))
	for _, c := range list {
		open[c.ID] = true
	}
	return open, err
}
