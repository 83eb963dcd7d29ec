package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// ResolveInterrupted closes the writes that an earlier run left open because it
// was cut short. Writes are tried one after the other, so that only the first of
// them can have reached the desk: it is noted when have, the user as the desk
// shows them now, and open, the conversations that are theirs, say so. The
// others were never tried. want is what [Writes] was given.
func (r *Run) ResolveInterrupted(ctx context.Context, want provision.DeskUser, have *provision.DeskUser, open []string) error {
	if len(r.Unfinished) == 0 {
		return nil
	}
	doubtful := r.Unfinished[0]
	note := reached(doubtful, want, have, open)
	err := r.update(ctx, func(tx Store, a *provision.Account) error {
		if err := tx.CloseWrites(ctx, writeIDs(r.Unfinished)); err != nil || note == "" {
			return err
		}
		return r.service.audit.Record(ctx, tx, r.service.accountEntry(*a, provision.Action(doubtful.Kind), withNote(doubtful.Detail, note)))
	})
	if err == nil {
		r.Unfinished = nil
	}
	return err
}

// reached returns the note for the audit when a write that was being tried has
// reached the desk, and "" when it has not.
func reached(st Write, want provision.DeskUser, have *provision.DeskUser, open []string) string {
	const found = "found done after an interruption"
	var done bool
	switch st.Kind {
	case WriteSessions:
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
		detail := maps.Clone(done.Detail)
		if done.Note != "" {
			detail = withNote(detail, done.Note)
		}
		return r.service.audit.Record(ctx, tx, r.service.accountEntry(*a, provision.Action(done.Kind), detail))
	})
	if err == nil {
		r.closed([]Write{done})
	}
	return err
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
