package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// ResolveInterrupted closes the writes that an earlier run left open because it
// was cut short. What is in doubt is noted when have, the user as the desk shows
// them now, and open, the conversations that are theirs, say that it has reached
// the desk. One that has not may yet show: it is kept, and keeps the run from
// ending with what it sees; see [Run.Awaited]. What was not tried is nobody's
// doing. want is what [Writes] was given.
func (r *Run) ResolveInterrupted(ctx context.Context, want provision.DeskUser, have *provision.DeskUser, open []string) error {
	unfinished := planned(r.Unfinished)
	if len(unfinished) == 0 {
		return nil
	}
	var found, inDoubt, tried []Write
	now := r.service.now()
	for _, w := range unfinished {
		if !w.Tried {
			continue
		}
		if w.Note = r.reached(w, want, have, open); w.Note != "" {
			found = append(found, w)
		} else if w.Kind == WriteHandOver {
			tried = append(tried, w)
		} else if readable(w) {
			w.Tried, w.AcceptedAt = true, &now
			inDoubt = append(inDoubt, w)
		}
	}
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if err := tx.CloseWrites(ctx, writeIDs(unfinished)); err != nil {
			return err
		}
		var err error
		if inDoubt, err = tx.JournalWrites(ctx, inDoubt); err != nil {
			return err
		}
		return r.record(ctx, tx, a, found)
	})
	if err == nil {
		r.closed(unfinished)
		r.Unfinished, r.InDoubt = append(r.Unfinished, inDoubt...), append(r.InDoubt, tried...)
	}
	return err
}

// readable reports whether a desk shows afterwards that a write of this kind was
// done to a user.
func readable(w Write) bool {
	return !slices.Contains([]WriteKind{WriteSessions, WriteInflow, WriteAway, WriteHandOver, WriteAdopt}, w.Kind)
}

// planned returns the writes in the journal of which nobody knows whether the
// desk has accepted them.
func planned(unfinished []Write) []Write {
	return slices.DeleteFunc(slices.Clone(unfinished), func(w Write) bool { return w.AcceptedAt != nil })
}

// record notes in the audit log what has reached the desk, and of hand-overs how
// far they are.
func (r *Run) record(ctx context.Context, tx Store, a *provision.Account, done []Write) error {
	entries := make([]provision.Entry, len(done))
	for i, w := range done {
		detail := maps.Clone(w.Detail)
		if w.Note != "" {
			detail = withNote(detail, w.Note)
		}
		switch w.Kind {
		case WriteHandOver:
			a.Transfer.Moved, a.Transfer.Left = a.Transfer.Moved+1, max(a.Transfer.Left-1, 0)
			mailbox, _ := w.Detail["mailbox"].(string)
			a.Transfer.Mailboxes = a.Transfer.Mailboxes.Moved(mailbox, w.Detail["to"] != nil)
			if w.Detail["to"] != nil {
				a.Transfer.ToQueue++
			}
			a.Transfer.Before = max(a.Transfer.Before, a.Transfer.Moved)
			if to, _ := w.Detail["to_desk_user"].(string); to != "" && a.Desired.Away != nil {
				a.Transfer.Give(provision.Given{Conversation: fmt.Sprint(w.Detail["conversation"]), To: provision.DeskUserID(to)})
			}
		case WriteInflow:
			a.Transfer.InflowStopped = true
		case WriteAway:
			a.Transfer.Told = map[bool]provision.Told{true: provision.ToldAway, false: provision.ToldBack}[w.Detail["away"] == true]
			a.Transfer.ByHand, _ = w.Detail["by_hand"].(string)
		}
		entries[i] = r.service.accountEntry(*a, provision.Action(w.Kind), detail)
	}
	if len(entries) == 0 {
		return nil
	}
	return r.service.audit.Record(ctx, tx, entries...)
}

// FoundDone is the note of what a run did that was cut short before it knew.
const FoundDone = "found done after an interruption"

// reached returns the note for the audit when a write that was being tried has
// reached the desk, and "" when it has not.
func (r *Run) reached(st Write, want provision.DeskUser, have *provision.DeskUser, open []string) string {
	done := false
	switch st.Kind {
	case WriteSessions, WriteInflow:
		return "may have been done before an interruption; the desk does not show it"
	case WriteHandOver:
		done = !slices.Contains(open, fmt.Sprint(st.Detail["conversation"]))
	case WriteAdopt: // a change on our side only, noted with the write itself
	default:
		done = st.Shown(&r.Account, have, want)
	}
	if !done {
		return ""
	}
	return FoundDone
}

// Journal journals what the run is about to write, in this order; Tried says of a write
// that it is tried next, as [Run.Try] does. What it has planned before and not done is
// taken out of the journal, and so is what is in doubt and about to be written again.
func (r *Run) Journal(ctx context.Context, writes []Write) (planned []Write, _ error) {
	old := slices.DeleteFunc(slices.Clone(r.Unfinished), func(w Write) bool {
		return w.AcceptedAt != nil && !(w.Tried && slices.ContainsFunc(writes, func(again Write) bool { return again.Kind == w.Kind }))
	})
	if len(old)+len(writes) == 0 {
		return nil, nil
	}
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if r.anew {
			a.Leaving, a.Approval = leave.Course{}, provision.Approval{}
		}
		if err := tx.CloseWrites(ctx, writeIDs(old)); err != nil {
			return err
		}
		var err error
		planned, err = tx.JournalWrites(ctx, writes)
		return err
	})
	if err == nil {
		r.anew = false
		r.closed(old)
		r.Unfinished = append(r.Unfinished, planned...)
	}
	return planned, err
}

// Accepted notes that the desk has accepted a journalled write. It is entered in the
// audit log when the desk shows it (see [Run.Seen]), or now when no desk does. user is
// whom it was done to. A creation of nobody fails: anybody would be taken for them.
func (r *Run) Accepted(ctx context.Context, w Write, user provision.DeskUserID) error {
	if w.Kind == WriteCreate && user == "" {
		return fmt.Errorf("reconcile: the desk names no user for account %s after a creation", w.Account)
	}
	now := r.service.now()
	waiting := w
	waiting.AcceptedAt, waiting.Tried = &now, false // that would say that it is in doubt
	kept := readable(w)
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		switch w.Kind {
		case WriteCreate:
			a.DeskUser, a.Origin = user, provision.OriginMade
		case WriteAdopt:
			a.DeskUser, a.Origin = user, provision.OriginAdopted
		}
		if err := tx.CloseWrites(ctx, []int64{w.ID}); err != nil {
			return err
		}
		if !kept {
			return r.record(ctx, tx, a, []Write{w})
		}
		again, err := tx.JournalWrites(ctx, []Write{waiting})
		if err == nil {
			waiting = again[0]
		}
		return err
	})
	if err == nil {
		r.closed([]Write{w})
		if kept {
			r.Unfinished = append(r.Unfinished, waiting)
		}
	}
	return err
}

// Seen has what the desk has accepted, or may have, and shows entered in the
// audit log, together with whatever the run notes next: a run that dies before
// that leaves it in the journal. have is the user as the desk shows them now, or
// nil. want is what [Writes] was given.
func (r *Run) Seen(want provision.DeskUser, have *provision.DeskUser) {
	seen := slices.DeleteFunc(r.Awaited(), func(w Write) bool { return !w.Shown(&r.Account, have, want) })
	r.closed(seen)
	if have != nil && have.ID == r.Account.DeskUser {
		copied := *have
		r.shown, r.shownAt = &copied, r.service.now()
	}
	for _, w := range seen {
		if w.Tried {
			w.Note = FoundDone
		}
		r.seen = append(r.seen, w)
	}
}

// enter enters in the audit log what was seen, and takes it out of the journal.
func (r *Run) enter(ctx context.Context, tx Store, a *provision.Account) error {
	if len(r.seen) == 0 {
		return nil
	}
	if err := tx.CloseWrites(ctx, writeIDs(r.seen)); err != nil {
		return err
	}
	return r.record(ctx, tx, a, r.seen)
}

// errBack says that somebody has come back who was about to be gone for good.
var errBack = errors.New("reconcile: the person is to have access again, so the desk user stays")

// Try notes that journalled writes are about to be tried, so that the next
// run knows which of them may have reached the desk. It fails with what nothing brings
// back, when the person is to have access again since the run began.
func (r *Run) Try(ctx context.Context, writes ...Write) error {
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if a.Desired.Status == provision.AccessActive && slices.ContainsFunc(writes, func(w Write) bool { return w.Kind == WriteDelete || w.Kind == WriteAnonymize }) {
			return errBack
		}
		return tx.MarkTried(ctx, writeIDs(writes))
	})
	if err != nil {
		return err
	}
	for i, open := range r.Unfinished {
		if slices.ContainsFunc(writes, func(w Write) bool { return w.ID == open.ID }) {
			r.Unfinished[i].Tried = true
		}
	}
	return nil
}

// Instead journals a write in place of one that the desk has refused, and that
// is about to be tried.
func (r *Run) Instead(ctx context.Context, of, w Write) (Write, error) {
	err := r.update(ctx, func(tx Store, _ *provision.Account) error {
		if err := tx.CloseWrites(ctx, []int64{of.ID}); err != nil {
			return err
		}
		w.Tried = true
		planned, err := tx.JournalWrites(ctx, []Write{w})
		if err == nil {
			w = planned[0]
		}
		return err
	})
	if err == nil {
		r.closed([]Write{of})
		r.Unfinished = append([]Write{w}, r.Unfinished...)
	}
	return w, err
}

// HandedOver notes how far a hand-over is, as read back: moved are the
// journalled hand-overs whose conversations the desk shows as the person's no
// more, or after an absence again, left is how many it still shows, by those of mailboxes with a rule.
func (r *Run) HandedOver(ctx context.Context, moved []Write, left int, by map[string]int) error {
	if len(moved) == 0 && left == r.Account.Transfer.Left && r.Account.Transfer.Mailboxes.Left(by) {
		return nil
	}
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if err := tx.CloseWrites(ctx, writeIDs(moved)); err != nil {
			return err
		}
		if err := r.record(ctx, tx, a, moved); err != nil {
			return err
		}
		a.Transfer.Left, a.Transfer.Before, a.Transfer.Mailboxes = left, max(a.Transfer.Before, a.Transfer.Moved+left), a.Transfer.Mailboxes.Leaving(by)
		return nil
	})
	if err == nil {
		r.closed(moved)
	}
	return err
}

// The looks at what a desk accepted and did not show at once: so long after.
var looks = []time.Duration{time.Second, 3 * time.Second, 7 * time.Second}

// Awaited returns what the desk has accepted, in this run or an earlier one, and
// has not shown yet, and what may have reached it before an interruption (Tried).
func (r *Run) Awaited() []Write {
	return slices.DeleteFunc(slices.Clone(r.Unfinished), func(w Write) bool { return w.AcceptedAt == nil })
}

// NextLook returns how long to wait until the next look at writes that are
// awaited; 0 when the last one has been taken. What the desk shows may be behind by
// lag: no look is the last one before that.
func (r *Run) NextLook(awaited []Write, lag time.Duration) time.Duration {
	var since time.Duration
	for _, w := range awaited {
		since = max(since, r.service.now().Sub(*w.AcceptedAt))
	}
	for _, look := range looks {
		if since < look {
			return look - since
		}
	}
	return max(lag-since, 0)
}

// Drop takes writes out of the journal that were not done after all.
func (r *Run) Drop(ctx context.Context, writes []Write) error {
	err := r.update(ctx, func(tx Store, _ *provision.Account) error { return tx.CloseWrites(ctx, writeIDs(writes)) })
	if err == nil {
		r.closed(writes)
	}
	return err
}

// DropPlanned drops what the run has planned and not tried, but for writes in
// tried, by their ids.
func (r *Run) DropPlanned(ctx context.Context, tried map[int64]bool) error {
	return r.Drop(ctx, slices.DeleteFunc(planned(r.Unfinished), func(w Write) bool { return tried[w.ID] }))
}

// closed forgets writes that are no longer in the journal.
func (r *Run) closed(writes []Write) {
	r.Unfinished = slices.DeleteFunc(slices.Clone(r.Unfinished), func(open Write) bool {
		return slices.ContainsFunc(writes, func(st Write) bool { return st.ID == open.ID })
	})
}

func writeIDs(writes []Write) []int64 {
	ids := make([]int64, len(writes))
	for i, st := range writes {
		ids[i] = st.ID
	}
	return ids
}

func withNote(detail map[string]any, note string) map[string]any {
	out := maps.Clone(detail)
	if out == nil {
		out = map[string]any{}
	}
	out["note"] = note
	return out
}
