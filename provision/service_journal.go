package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Settle closes the steps that an earlier visit left open because it was cut
// short. Steps are tried one after the other, so that only the first of them
// can have reached the desk: it is noted when have, the user as the desk shows
// them now, and open, the conversations that are theirs, say so. The others
// were never tried. want is what [Steps] was given.
func (s *Service) Settle(ctx context.Context, v *Visit, want DeskUser, have *DeskUser, open []string) error {
	if len(v.Unfinished) == 0 {
		return nil
	}
	doubtful := v.Unfinished[0]
	note := reached(doubtful, want, have, open)
	err := s.update(ctx, v, func(tx Store, a *Account) error {
		if err := tx.CloseSteps(ctx, stepIDs(v.Unfinished)); err != nil || note == "" {
			return err
		}
		return s.record(ctx, tx, s.accountEntry(*a, string(doubtful.Kind), withNote(doubtful.Detail, note)))
	})
	if err == nil {
		v.Unfinished = nil
	}
	return err
}

// reached returns the note for the audit when a step that was being tried has
// reached the desk, and "" when it has not.
func reached(st Step, want DeskUser, have *DeskUser, open []string) string {
	const found = "found done after an interruption"
	var done bool
	switch st.Kind {
	case StepSessions:
		return "may have been done before an interruption; the desk does not show it"
	case StepHandOver:
		done = !slices.Contains(open, fmt.Sprint(st.Detail["conversation"]))
	case StepDelete:
		done = have == nil
	case StepAnonymize:
		done = have == nil || !have.Active
	case StepAdopt:
		return "" // a change on our side only, noted with the step itself
	default:
		done = have != nil && shows(*have, st, want)
	}
	if !done {
		return ""
	}
	return found
}

// shows reports whether have is as st was to make it.
func shows(have DeskUser, st Step, want DeskUser) bool {
	switch st.Kind {
	case StepCreate:
		return true
	case StepActivate:
		return have.Active
	case StepDeactivate:
		return !have.Active
	case StepProfile:
		left := profileDiff(want, have)
		return !slices.ContainsFunc(st.Names("fields"), func(f string) bool { return slices.Contains(left, f) })
	case StepRole:
		return fmt.Sprint(st.Detail["to"]) == string(have.Role)
	case StepTeams:
		return moved(have.Teams, st)
	case StepMailboxes:
		return moved(have.Mailboxes, st)
	}
	return false
}

// moved reports whether rooms hold what st adds and nothing that it removes.
func moved(rooms []string, st Step) bool {
	for _, name := range st.Names("add") {
		if !containsFold(rooms, name) {
			return false
		}
	}
	return !slices.ContainsFunc(st.Names("remove"), func(name string) bool { return containsFold(rooms, name) })
}

// PlanSteps journals what a visit is about to write, in this order. What the
// visit has planned before and not done is taken out of the journal.
func (s *Service) PlanSteps(ctx context.Context, v *Visit, steps []Step) (planned []Step, _ error) {
	if len(v.Unfinished)+len(steps) == 0 {
		return nil, nil
	}
	err := s.update(ctx, v, func(tx Store, _ *Account) error {
		if err := tx.CloseSteps(ctx, stepIDs(v.Unfinished)); err != nil {
			return err
		}
		var err error
		planned, err = tx.PlanSteps(ctx, steps)
		return err
	})
	if err == nil {
		v.Unfinished = planned
	}
	return planned, err
}

// StepDone notes that a journalled step has reached the desk: the audit entry
// and the journal change together. user is the desk user it was done to.
func (s *Service) StepDone(ctx context.Context, v *Visit, done Step, user DeskUserID) error {
	err := s.update(ctx, v, func(tx Store, a *Account) error {
		switch done.Kind {
		case StepCreate:
			a.DeskUser, a.Origin = user, OriginMade
		case StepAdopt:
			a.DeskUser, a.Origin = user, OriginAdopted
		}
		if err := tx.CloseSteps(ctx, []int64{done.ID}); err != nil {
			return err
		}
		detail := maps.Clone(done.Detail)
		if done.Note != "" {
			detail = withNote(detail, done.Note)
		}
		return s.record(ctx, tx, s.accountEntry(*a, string(done.Kind), detail))
	})
	if err == nil {
		v.closed([]Step{done})
	}
	return err
}

// DropSteps takes steps out of the journal that were not done after all.
func (s *Service) DropSteps(ctx context.Context, v *Visit, steps []Step) error {
	err := s.update(ctx, v, func(tx Store, _ *Account) error { return tx.CloseSteps(ctx, stepIDs(steps)) })
	if err == nil {
		v.closed(steps)
	}
	return err
}

// closed forgets steps that are no longer in the journal.
func (v *Visit) closed(steps []Step) {
	v.Unfinished = slices.DeleteFunc(slices.Clone(v.Unfinished), func(open Step) bool {
		return slices.ContainsFunc(steps, func(st Step) bool { return st.ID == open.ID })
	})
}

func stepIDs(steps []Step) []int64 {
	ids := make([]int64, len(steps))
	for i, st := range steps {
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
