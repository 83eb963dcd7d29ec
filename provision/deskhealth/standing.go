package deskhealth

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Leavers are the accounts of one desk whose access is to end and of which the
// desk has not confirmed that it has.
type Leavers struct {
	Count int
	Since time.Time // when the first of them began to end
}

// Backlog is what waits in one queue.
type Backlog struct {
	Runs  int       // jobs that a worker may begin now
	Since time.Time // since when the first of them may
}

// HandOverProblem says that a rule of a desk's hand-over policy names nobody who can
// take over, so that leavers' conversations go to the queue. A run or a check
// of the desk found that.
type HandOverProblem struct {
	Desk    provision.DeskID
	Mailbox string                 // whose rule it is; "": the general one
	Rule    provision.HandOverRule // that it is about
	Reason  string                 // in plain words, without secrets and names of leavers
	FoundAt time.Time
}

// DeskIDs returns the ids of all desks. It opens none of their secrets: one that
// cannot be opened is in nobody else's way.
func (s *Service) DeskIDs(ctx context.Context) ([]provision.DeskID, error) {
	return s.store.DeskIDs(ctx)
}

// NoteHandOver notes what a run, or a check of the desk, found of rules of its hand-over
// policy, by mailbox, the general one by "": why one names nobody, or "" that it can be
// followed. Of rules that found does not speak of stays what is known; what is known
// already keeps its time.
func (s *Service) NoteHandOver(ctx context.Context, desk provision.Desk, found map[string]string) error {
	known, err := s.store.HandOverProblems(ctx)
	if err != nil {
		return err
	}
	for mailbox, reason := range found {
		of, rule := desk.HandOver.Of(mailbox, provision.Fold)
		p := HandOverProblem{Desk: desk.ID, Mailbox: of, Rule: rule, Reason: reason, FoundAt: s.now()}
		i := slices.IndexFunc(known, func(have HandOverProblem) bool { return have.Desk == desk.ID && have.Mailbox == of })
		switch {
		case reason == "" && i >= 0:
			err = s.store.DeleteHandOverProblem(ctx, desk.ID, of)
		case reason != "" && (i < 0 || known[i].Rule != rule || known[i].Reason != reason):
			err = s.store.SaveHandOverProblem(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// handOverOf returns what is known to be wrong with the hand-over policy that a desk has
// now, in one; nil: nothing. problems are by mailbox.
func handOverOf(d provision.Desk, problems []HandOverProblem) (all *HandOverProblem) {
	for _, p := range problems {
		if of, rule := d.HandOver.Of(p.Mailbox, provision.Fold); p.Desk != d.ID || of != p.Mailbox || rule != p.Rule {
			continue
		}
		if all == nil {
			all = &p
			continue
		}
		all.Reason += "; " + p.Reason
		if p.FoundAt.Before(all.FoundAt) {
			all.FoundAt = p.FoundAt
		}
	}
	return all
}
