package deskhealth

import (
	"context"
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

// HandOverProblem says that the hand-over policy of a desk names nobody who can
// take over, so that leavers' conversations go to the queue. A run or a check
// of the desk found that.
type HandOverProblem struct {
	Desk    provision.DeskID
	Policy  provision.HandOver // that it is about
	Reason  string             // in plain words, without secrets and names of leavers
	FoundAt time.Time
}

// DeskIDs returns the ids of all desks. It opens none of their secrets: one that
// cannot be opened is in nobody else's way.
func (s *Service) DeskIDs(ctx context.Context) ([]provision.DeskID, error) {
	return s.store.DeskIDs(ctx)
}

// NoteHandOver notes what a run, or a check of the desk, found of its hand-over
// policy; "" that it can be followed. What is known already keeps its time.
func (s *Service) NoteHandOver(ctx context.Context, desk provision.Desk, reason string) error {
	known, err := s.store.HandOverProblems(ctx)
	if err != nil {
		return err
	}
	p := HandOverProblem{Desk: desk.ID, Policy: desk.HandOver, Reason: reason, FoundAt: s.now()}
	for _, have := range known {
		if have.Desk != desk.ID {
			continue
		}
		if reason == "" {
			return s.store.DeleteHandOverProblem(ctx, desk.ID)
		}
		if have.Policy == p.Policy && have.Reason == reason {
			return nil
		}
	}
	if reason == "" {
		return nil
	}
	return s.store.SaveHandOverProblem(ctx, p)
}
