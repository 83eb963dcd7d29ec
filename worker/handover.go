package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/handover"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/assignee"
	"github.com/deskbridge/deskbridge/worker/guard"
)

const (
	// handOverLeast and handOverBatch are how many conversations are handed over
	// between two looks at what is left: a quarter of it within these bounds.
	handOverLeast, handOverBatch = 100, 500
	// handOverMost is how many conversations one run moves before it asks a
	// person: more than that is no workload but a mistake.
	handOverMost = 10_000
	// handOverAtOnce is how many conversations a desk that assigns in bulk is
	// given in one call.
	handOverAtOnce = 50
)

// handOverSlice is how long a run hands over before it gives its worker back and
// goes on later. Tests have less.
var handOverSlice = 30 * time.Second

// errHandingOver says that a hand-over goes on in another run.
var errHandingOver = errors.New("worker: the hand-over goes on in another run")

// errWaitsToHandOver says that enough others hand over on the desk already: some
// of its workers are left to those whose access ends.
var errWaitsToHandOver = errors.New("worker: other hand-overs come first")

// waitsToHandOver is how long until they are asked again.
const waitsToHandOver = 2 * time.Second

// progress says how far a hand-over is; "" when none is on its way.
func progress(v *reconcile.Run) string {
	return handover.Progress(v.Account.Transfer.Moved, v.Account.Transfer.Before, nil)
}

// handOver gives a person's open conversations that are lost to them to others,
// until the desk shows none any more. What is entered in the audit log is what
// the desk shows as theirs no more. rest is what the run will write afterwards;
// it stays in the journal. left says why some could not be given to anybody,
// not even to the queue: an admin has to.
func (w *Worker) handOver(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, loss reconcile.Loss, rest []reconcile.Write) (left, _ error) {
	t := &transfer{lag: d.Capabilities().SearchLag, loss: loss, of: ruledMailboxes(d, v), tried: assigneesOf(v.InDoubt), moved: make(map[string]bool), refused: make(map[string]bool), mayHave: make(map[int64]bool)}
	for {
		all, err := d.OpenConversations(ctx, have.ID, handOverMost)
		if desk.KindOf(err) == desk.CannotDo && err != nil {
			return w.handOverUnseen(ctx, v, loss, err)
		}
		if err != nil {
			return nil, err
		}
		open := slices.DeleteFunc(slices.Clone(all), func(c desk.Conversation) bool { return !t.loss.Loses(c.Mailbox) })
		if err := t.verify(ctx, v, all, open); err != nil {
			return nil, err
		}
		fresh := slices.DeleteFunc(slices.Clone(open), func(c desk.Conversation) bool { return t.refused[c.ID] })
		switch {
		case len(fresh) == 0:
			return t.left, proven(ctx, d, have, t)
		case len(t.moved)+len(t.refused) >= handOverMost:
			return desk.Errorf(desk.Permanent, "desk user %s has more than %d open conversations; reassign them on the desk, then run `deskbridge retry`", have.ID, handOverMost), nil
		case t.over():
			return nil, errHandingOver
		}
		if t.assignees == nil {
			if !d.BeginHandOver() {
				return nil, errWaitsToHandOver
			}
			defer d.EndHandOver()
			t.until = time.Now().Add(handOverSlice)
			t.assignees = assignee.New(w.core.Entitlement, d, v, have, loss)
		}
		fresh = fresh[:min(len(fresh), handOverBatch, max(handOverLeast, len(fresh)/4))]
		if err := w.handOverBatch(ctx, d, v, have, fresh, t, rest); err != nil {
			return nil, err
		}
	}
}

// handOverUnseen is a hand-over on a desk that shows no conversations: a task, with
// a count that nobody knows, until an admin says that it is done. What teams alone
// open is not known either, and is taken for nothing.
func (w *Worker) handOverUnseen(ctx context.Context, v *reconcile.Run, loss reconcile.Loss, cannot error) (left, _ error) {
	if !loss.All && len(loss.Mailboxes) == 0 && loss.Kept == nil {
		return nil, nil
	}
	if w.core.ByHand != nil {
		if done, err := w.core.ByHand.HandedOver(ctx, &v.Account); done || err != nil {
			return nil, err
		}
	}
	return cannot, nil
}

// transfer is a hand-over on its way.
type transfer struct {
	lag       time.Duration // how far behind the desk may show conversations
	gave      time.Time     // when the last was given
	loss      reconcile.Loss
	of        map[string]string // mailboxes with a rule of their own, as hand_over writes them, by what they are on conversations
	assignees *assignee.Takers
	until     time.Time                 // when the run gives its worker back; zero before the first batch
	given     []reconcile.Write         // tried and accepted, and not seen yet
	tried     map[string]*desk.Assignee // by conversation: by an earlier run, and the desk did not show it
	moved     map[string]bool           // conversations by id, as the desk has shown
	refused   map[string]bool
	mayHave   map[int64]bool // journalled hand-overs that may have reached the desk
	left      error          // the first refusal
}

// ruledMailboxes returns the mailboxes that hand_over has rules for, by their folded
// names on conversations.
func ruledMailboxes(d *guard.Session, v *reconcile.Run) map[string]string {
	of := make(map[string]string, len(v.Desk.HandOver.Mailboxes))
	for mailbox := range v.Desk.HandOver.Mailboxes {
		of[provision.Fold(d.MailboxMeant(mailbox))] = mailbox
	}
	return of
}

// ruled returns the mailbox by whose rule a conversation is handed over; "" by the
// general one.
func (t *transfer) ruled(c desk.Conversation) string {
	if c.Mailbox == "" {
		return ""
	}
	return t.of[provision.Fold(c.Mailbox)]
}

func (t *transfer) over() bool { return !t.until.IsZero() && !time.Now().Before(t.until) }

// verify notes what is the person's no more, who has all of these open, and of them
// left that are to be handed over. What still is theirs although the
// desk has accepted another assignee stays in the journal for the next run.
func (t *transfer) verify(ctx context.Context, v *reconcile.Run, all, left []desk.Conversation) error {
	theirs := make(map[string]bool, len(all))
	for _, c := range all {
		theirs[c.ID] = true
	}
	whole := len(all) < handOverMost // what is not on the list is not theirs
	var moved []reconcile.Write
	for _, s := range t.given {
		if id := conversationOf(s); !theirs[id] {
			t.moved[id] = true
			moved = append(moved, s)
		}
	}
	shown := len(moved)
	for _, s := range takeInDoubt(v, func(conversation string) bool { return whole && !theirs[conversation] }) { // moved since an earlier run tried to
		t.moved[conversationOf(s)] = true
		moved = append(moved, s)
	}
	by := make(map[string]int)
	for _, c := range left {
		if mailbox := t.ruled(c); mailbox != "" {
			by[mailbox]++
		}
	}
	if err := v.HandedOver(ctx, moved, len(left), by); err != nil {
		return err
	}
	if shown < len(t.given) {
		if wait := t.lag - time.Since(t.gave); wait > 0 && !t.twice(theirs) {
			return &lateError{wait, t.given[:1]} // to give them again now would be to write what may be done
		}
		return desk.Errorf(desk.Retryable, "it accepts new assignees of conversations but does not show them afterwards")
	}
	t.given = nil
	return nil
}

// twice reports whether one of theirs was given away now and by an earlier run, and
// both times in vain.
func (t *transfer) twice(theirs map[string]bool) bool {
	return slices.ContainsFunc(t.given, func(w reconcile.Write) bool {
		id := conversationOf(w)
		return theirs[id] && t.tried[id] != nil
	})
}

// proven fails when the desk counts conversations of somebody of whom it lists none
// any more: the list was cut short, or is behind.
func proven(ctx context.Context, d *guard.Session, have *provision.DeskUser, t *transfer) error {
	if !t.loss.All || len(t.refused) > 0 {
		return nil
	}
	n, err := d.CountOpen(ctx, have.ID)
	if n > 0 && err == nil {
		err = desk.Errorf(desk.Retryable, "it lists no open conversation of desk user %s, and counts %d", have.ID, n)
	}
	return err
}

func conversationOf(s reconcile.Write) string { return fmt.Sprint(s.Detail["conversation"]) }

// handOverBatch gives open to their assignees, as far as there is time.
func (w *Worker) handOverBatch(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, open []desk.Conversation, t *transfer, rest []reconcile.Write) error {
	steps := make([]reconcile.Write, len(open))
	to := make(map[string]desk.Assignee, len(open))
	for i, c := range open {
		mailbox := t.ruled(c)
		next, note, err := t.assignees.Next(ctx, mailbox, t.tried[c.ID])
		if err != nil {
			return err
		}
		to[c.ID] = next
		steps[i] = reconcile.Write{Account: v.Account.ID, Kind: reconcile.WriteHandOver, Detail: handOverDetail(c.ID, mailbox, next), Note: note}
	}
	w.notePolicy(ctx, d, v, have, t.assignees)
	takeInDoubt(v, func(conversation string) bool { _, again := to[conversation]; return again })
	planned, err := v.Journal(ctx, slices.Concat(steps, rest))
	if err != nil {
		return err
	}
	planned = planned[:len(open)]
	if d.AssignsMany() {
		slices.SortStableFunc(planned, func(a, b reconcile.Write) int {
			x, y := to[conversationOf(a)], to[conversationOf(b)]
			return cmp.Or(cmp.Compare(x.User, y.User), cmp.Compare(x.Team, y.Team))
		})
	}
	for len(planned) > 0 && (len(t.given)+len(t.refused) == 0 || !t.over()) {
		next, n := to[conversationOf(planned[0])], 1
		for d.AssignsMany() && n < min(len(planned), handOverAtOnce) && to[conversationOf(planned[n])] == next {
			n++
		}
		some := planned[:n]
		planned = planned[n:]
		if err := v.Try(ctx, some...); err != nil {
			return err
		}
		given, err := w.giveMany(ctx, d, v, some, next, t)
		for i := 0; err == nil && !given && i < len(some); i++ {
			err = w.give(ctx, d, v, some[i], next, t)
		}
		if guard.IsPaused(err) { // neither this one nor what follows was tried
			return errors.Join(err, v.DropPlanned(ctx, t.mayHave))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// giveMany gives conversations to an assignee in one call, where the desk can.
// It reports whether that is done; what was refused is tried one by one.
func (w *Worker) giveMany(ctx context.Context, d *guard.Session, v *reconcile.Run, some []reconcile.Write, to desk.Assignee, t *transfer) (bool, error) {
	if len(some) < 2 {
		return false, nil
	}
	ids := make([]string, len(some))
	for i, s := range some {
		ids[i] = conversationOf(s)
	}
	err := d.AssignMany(ctx, ids, to)
	if guard.IsPaused(err) {
		return false, err
	}
	for _, s := range some {
		t.mayHave[s.ID] = true
	}
	switch desk.KindOf(err) {
	case desk.Permanent, desk.CannotDo, desk.NotFound:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	t.given, t.gave = append(t.given, some...), time.Now()
	for _, s := range some {
		w.metrics.step(v.Desk, s.Kind)
	}
	return true, nil
}

// give gives a conversation to its assignee, or to nobody when the desk refuses
// the assignee.
func (w *Worker) give(ctx context.Context, d *guard.Session, v *reconcile.Run, s reconcile.Write, to desk.Assignee, t *transfer) error {
	id := conversationOf(s)
	assign := func(to desk.Assignee) error {
		err := d.Assign(ctx, id, to)
		if desk.AcceptedOnly(err) != nil { // whether it has moved is looked at
			return nil
		}
		return err
	}
	err := assign(to)
	if desk.KindOf(err) == desk.Permanent && to != (desk.Assignee{}) {
		queue := s
		mailbox, _ := s.Detail["mailbox"].(string)
		queue.Detail, queue.Note = handOverDetail(id, mailbox, desk.Assignee{}), "the chosen assignee may not own it, so the queue has it"
		var failed error
		if s, failed = v.Instead(ctx, s, queue); failed != nil {
			return failed
		}
		err = assign(desk.Assignee{})
	}
	switch {
	case guard.IsPaused(err):
		return err
	case err == nil:
		t.mayHave[s.ID] = true
		t.given, t.gave = append(t.given, s), time.Now()
		w.metrics.step(v.Desk, s.Kind)
		return nil
	}
	switch desk.KindOf(err) {
	case desk.Permanent, desk.CannotDo:
		if t.left == nil {
			t.left = err
		}
	case desk.NotFound: // closed or merged meanwhile: nobody's any more
	default:
		t.mayHave[s.ID] = true
		return err
	}
	t.refused[id] = true
	return v.Drop(ctx, []reconcile.Write{s})
}

// handOverDetail says what is given to whom, and by the rule of which mailbox; "" the general one.
func handOverDetail(conversation, mailbox string, to desk.Assignee) map[string]any {
	detail := map[string]any{"conversation": conversation}
	if mailbox != "" {
		detail["mailbox"] = mailbox
	}
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

// notePolicy notes whether rules of the desk's hand-over policy found somebody who takes over from
// a leaver: it is a fact of the desk, which people are shown. A desk that
// does not tell changes nothing of what is known.
func (w *Worker) notePolicy(ctx context.Context, d *guard.Session, v *reconcile.Run, leaver *provision.DeskUser, takers *assignee.Takers) {
	found := takers.Problems(ctx, leaver)
	if len(found) == 0 {
		return
	}
	if err := w.core.DeskHealth.NoteHandOver(ctx, v.Desk, found); err != nil {
		w.log.ErrorContext(ctx, "noting a hand-over policy failed", "desk", v.Desk.Name, "err", err)
	}
}

// takeInDoubt takes the hand-overs of conversations out of what is in doubt of
// which that is true, and returns them as found done.
func takeInDoubt(v *reconcile.Run, that func(conversation string) bool) (taken []reconcile.Write) {
	v.InDoubt = slices.DeleteFunc(v.InDoubt, func(w reconcile.Write) bool {
		if w.Kind != reconcile.WriteHandOver || !that(conversationOf(w)) {
			return false
		}
		w.Note = reconcile.FoundDone
		taken = append(taken, w)
		return true
	})
	return taken
}

// assigneesOf returns who was to have each conversation by hand-overs.
func assigneesOf(writes []reconcile.Write) map[string]*desk.Assignee {
	of := make(map[string]*desk.Assignee)
	for _, w := range writes {
		if w.Kind == reconcile.WriteHandOver {
			user, _ := w.Detail["to_desk_user"].(string)
			team, _ := w.Detail["to_team"].(string)
			of[conversationOf(w)] = &desk.Assignee{User: provision.DeskUserID(user), Team: team}
		}
	}
	return of
}
