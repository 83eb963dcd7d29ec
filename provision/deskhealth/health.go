package deskhealth

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/provision"
)

// Health is what is known of a desk beyond its accounts.
type Health struct {
	Sweep   *Sweep // nil: never swept, and no turn yet
	Drifted int    // accounts with a reported difference
	// Residual are accounts whose access is to end and whose user still has it,
	// as far as anybody knows, until a person does something.
	Residual int
	Pause    *Pause // nil: it is called as needed
	PausedBy string // the admin who has it not be called; "": it is paused by itself, or not

	Leavers Leavers // zero: none
	Backlog Backlog // of the desk's queue; zero: nothing waits for a worker
	Work    Work    // zero: there is nothing to do
	// HandOver is what is wrong with the policy that the desk has now, in one; nil:
	// nothing is known to be.
	HandOver *HandOverProblem
}

// All returns what is known of each desk.
func (s *Service) All(ctx context.Context) (map[provision.DeskID]Health, error) {
	health := make(map[provision.DeskID]Health)
	sweeps, err := s.store.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	for _, sw := range sweeps {
		health[sw.Desk] = Health{Sweep: &sw}
	}
	counts, err := s.store.CountDrifts(ctx)
	if err != nil {
		return nil, err
	}
	for desk, n := range counts {
		h := health[desk]
		h.Drifted = n
		health[desk] = h
	}
	if err := errors.Join(s.standing(ctx, health), s.work(ctx, health)); err != nil {
		return nil, err
	}
	pauses, err := s.store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pauses {
		if s.fresh(p) {
			h := health[p.Desk]
			h.Pause = &p
			health[p.Desk] = h
		}
	}
	byHand, err := s.store.DeskPauses(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range byHand {
		if p.Lasts(s.now()) {
			h := health[p.Desk]
			h.Pause, h.PausedBy = &Pause{Desk: p.Desk, Since: p.Since, Until: p.Until, Reason: p.Reason}, p.By
			health[p.Desk] = h
		}
	}
	return health, nil
}

// stillIn are why a leaver may be on a desk until a person does something.
var stillIn = []provision.ReasonCode{provision.ReasonResidual, provision.ReasonOwner, provision.ReasonLastAdmin, provision.ReasonSelf,
	provision.ReasonGaveUp, provision.ReasonDeskUnusable}

// standing adds who has not left yet, what waits, and whether conversations can be handed over.
func (s *Service) standing(ctx context.Context, health map[provision.DeskID]Health) error {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return err
	}
	leavers, err := s.store.Leavers(ctx)
	if err != nil {
		return err
	}
	backlogs, err := s.store.Backlogs(ctx)
	if err != nil {
		return err
	}
	problems, err := s.store.HandOverProblems(ctx)
	if err != nil {
		return err
	}
	residual, err := s.store.CountAsking(ctx, stillIn)
	if err != nil {
		return err
	}
	for _, d := range desks {
		h := health[d.ID]
		h.Residual = residual[d.ID]
		h.Leavers, h.Backlog = leavers[d.ID], backlogs[d.ID.Queue()]
		h.HandOver = handOverOf(d, problems)
		health[d.ID] = h
	}
	return nil
}
