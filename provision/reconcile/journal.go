package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// ResolveInterrupted closes the writes that an earlier run left open because it
// was cut short, or because the desk did not show them at once. What is in doubt
// is noted when have, the user as the desk shows them now, and open, the
// conversations that are theirs, say that it has reached the desk: of
// hand-overs those that were tried, of all others the first, because they are
// tried one after the other. The rest was never tried. want is what [Writes]
// was given.
func (r *Run) ResolveInterrupted(ctx context.Context, want provision.DeskUser, have *provision.DeskUser, open []string) error {
	if len(r.Unfinished) == 0 {
		return nil
	}
	first, found := true, []Write(nil)
	for _, w := range r.Unfinished {
		if w.AcceptedAt != nil { // noted when it was accepted
			continue
		}
		doubtful := w.Tried || first && w.Kind != WriteHandOver
		first = false
		if !doubtful {
			continue
		}
		if w.Note = reached(w, want, have, open); w.Note != "" {
			found = append(found, w)
		}
	}
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if err := tx.CloseWrites(ctx, writeIDs(r.Unfinished)); err != nil {
			return err
		}
		return r.record(ctx, tx, a, found)
	})
	if err == nil {
		r.Unfinished = nil
	}
	return err
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
			if w.Detail["to"] != nil {
				a.Transfer.ToQueue++
			}
			a.Transfer.Before = max(a.Transfer.Before, a.Transfer.Moved)
		case WriteInflow:
			a.Transfer.InflowStopped = true
		}
		entries[i] = r.service.accountEntry(*a, provision.Action(w.Kind), detail)
	}
	if len(entries) == 0 {
		return nil
	}
	return r.service.audit.Record(ctx, tx, entries...)
}

// reached returns the note for the audit when a write that was being tried has
// reached the desk, and "" when it has not.
func reached(st Write, want provision.DeskUser, have *provision.DeskUser, open []string) string {
	const found = "found done after an interruption"
	var done bool
	switch st.Kind {
	case WriteSessions, WriteInflow:
		return "may have been done before an interruption; the desk does not show it"
	case WriteHandOver:
		done = !slices.Contains(open, fmt.Sprint(st.Detail["conversation"]))
	case WriteDelete:
		done = have == nil
	case WriteAnonymize:
		done = have == nil || !have.Active
	case WriteAdopt:
		return "" // a change on our side only, noted with the write itself
	default:
		done = have != nil && shows(*have, st, want)
	}
	if !done {
		return ""
	}
	return found
}

// shows reports whether have is as st was to make it.
func shows(have provision.DeskUser, st Write, want provision.DeskUser) bool {
	switch st.Kind {
	case WriteCreate:
		return true
	case WriteActivate:
		return have.Active
	case WriteDeactivate:
		return !have.Active
	case WriteProfile:
		left := profileDiff(want, have)
		return !slices.ContainsFunc(st.Names("fields"), func(f string) bool { return slices.Contains(left, f) })
	case WriteRole:
		return fmt.Sprint(st.Detail["to"]) == string(have.Role)
	case WriteTeams:
		return moved(have.Teams, st)
	case WriteMailboxes:
		return moved(have.Mailboxes, st)
	}
	return false
}

// moved reports whether rooms hold what st adds and nothing that it removes.
func moved(rooms []string, st Write) bool {
	for _, name := range st.Names("add") {
		if !provision.ContainsFold(rooms, name) {
			return false
		}
	}
	return !slices.ContainsFunc(st.Names("remove"), func(name string) bool { return provision.ContainsFold(rooms, name) })
}

// Journal journals what the run is about to write, in this order. What it has
// planned before and not done is taken out of the journal.
func (r *Run) Journal(ctx context.Context, writes []Write) (planned []Write, _ error) {
	if len(r.Unfinished)+len(writes) == 0 {
		return nil, nil
	}
	err := r.update(ctx, func(tx Store, _ *provision.Account) error {
		if err := tx.CloseWrites(ctx, writeIDs(r.Unfinished)); err != nil {
			return err
		}
		var err error
		planned, err = tx.JournalWrites(ctx, writes)
		return err
	})
	if err == nil {
		r.Unfinished = planned
	}
	return planned, err
}

// Done notes that a journalled write has reached the desk: the audit entry
// and the journal change together. user is the desk user it was done to.
func (r *Run) Done(ctx context.Context, done Write, user provision.DeskUserID) error {
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		switch done.Kind {
		case WriteCreate:
			a.DeskUser, a.Origin = user, provision.OriginMade
		case WriteAdopt:
			a.DeskUser, a.Origin = user, provision.OriginAdopted
		}
		if err := tx.CloseWrites(ctx, []int64{done.ID}); err != nil {
			return err
		}
		return r.record(ctx, tx, a, []Write{done})
	})
	if err == nil {
		r.closed([]Write{done})
	}
	return err
}

// Try notes that journalled hand-overs are about to be tried, so that the next
// run knows which of them may have reached the desk.
func (r *Run) Try(ctx context.Context, writes ...Write) error {
	err := r.update(ctx, func(tx Store, _ *provision.Account) error { return tx.MarkTried(ctx, writeIDs(writes)) })
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
// more, left is how many it still shows.
func (r *Run) HandedOver(ctx context.Context, moved []Write, left int) error {
	if len(moved) == 0 && (left == r.Account.Transfer.Left) {
		return nil
	}
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if err := tx.CloseWrites(ctx, writeIDs(moved)); err != nil {
			return err
		}
		if err := r.record(ctx, tx, a, moved); err != nil {
			return err
		}
		a.Transfer.Left = left
		a.Transfer.Before = max(a.Transfer.Before, a.Transfer.Moved+left)
		return nil
	})
	if err == nil {
		r.closed(moved)
	}
	return err
}

// The looks at what a desk accepted and did not show at once: so long after.
var looks = []time.Duration{time.Second, 3 * time.Second, 7 * time.Second}

// Await keeps in the journal what the desk has accepted, and notes done, and
// does not show yet: the next run looks before it writes again.
func (r *Run) Await(ctx context.Context, writes []Write) error {
	now := r.service.now()
	waiting := slices.Clone(writes)
	for i := range waiting {
		waiting[i].AcceptedAt = &now
	}
	err := r.update(ctx, func(tx Store, _ *provision.Account) error {
		var err error
		waiting, err = tx.JournalWrites(ctx, waiting)
		return err
	})
	if err == nil {
		r.Unfinished = append(r.Unfinished, waiting...)
	}
	return err
}

// Awaited returns what an earlier run left to [Run.Await].
func (r *Run) Awaited() []Write {
	return slices.DeleteFunc(slices.Clone(r.Unfinished), func(w Write) bool { return w.AcceptedAt == nil })
}

// NextLook returns how long to wait until the next look at writes that are
// awaited; 0 when the last one has been taken.
func (r *Run) NextLook(awaited []Write) time.Duration {
	var since time.Duration
	for _, w := range awaited {
		since = max(since, r.service.now().Sub(*w.AcceptedAt))
	}
	for _, look := range looks {
		if since < look {
			return look - since
		}
	}
	return 0
}

// NotShown returns those of writes that have, the user as the desk shows them
// now, does not show. want is what [Writes] was given.
func NotShown(writes []Write, want provision.DeskUser, have *provision.DeskUser) []Write {
	return slices.DeleteFunc(slices.Clone(writes), func(w Write) bool {
		switch {
		case slices.Contains([]WriteKind{WriteSessions, WriteInflow, WriteHandOver, WriteAdopt}, w.Kind):
			return true
		case have == nil:
			return w.Kind != WriteCreate
		case w.Kind == WriteAnonymize:
			return !have.Active
		}
		return shows(*have, w, want)
	})
}

// Drop takes writes out of the journal that were not done after all.
func (r *Run) Drop(ctx context.Context, writes []Write) error {
	err := r.update(ctx, func(tx Store, _ *provision.Account) error { return tx.CloseWrites(ctx, writeIDs(writes)) })
	if err == nil {
		r.closed(writes)
	}
	return err
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
