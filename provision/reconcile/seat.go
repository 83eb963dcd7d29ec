package reconcile

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// TakeSeat takes one of the desk's seats for the account: the one gate for
// every way in which somebody may come in. A desk without a free seat is
// a [AttentionError]; whoever frees a seat requeues the account.
func (r *Run) TakeSeat(ctx context.Context) error {
	s := r.service
	if r.Account.Seat {
		return nil
	}
	limit := r.Desk.Seats
	err := s.inTx(ctx, func(tx Store) error {
		desk, err := tx.LockDesk(ctx, r.Desk.ID)
		if err != nil {
			return err
		}
		limit = desk.Seats
		taken, err := tx.SeatsTaken(ctx, desk.ID)
		if err != nil {
			return err
		}
		if desk.Seats > 0 && taken >= desk.Seats {
			return needsAttention(provision.ReasonSeat, "no seat left on %s: %d of %d are taken; free one, or raise `seats` of the desk", desk.Name, taken, desk.Seats)
		}
		a, err := r.lock(ctx, tx)
		if err != nil {
			return err
		}
		a.Seat, a.UpdatedAt = true, s.now()
		return tx.SaveAccounts(ctx, []provision.Account{a})
	})
	r.Desk.Seats = limit // may be new since the run began
	if err == nil {
		r.Account.Seat = true
	}
	return err
}

// freeSeats returns how many seats of a desk, which is locked, nobody has
// taken; -1 when there is no limit.
func (s *Service) freeSeats(ctx context.Context, tx Store, desk provision.Desk) (int, error) {
	if desk.Seats == 0 {
		return -1, nil
	}
	taken, err := tx.SeatsTaken(ctx, desk.ID)
	return max(desk.Seats-taken, 0), err
}

// seatWaiters returns those who have waited longest for a seat on a desk, which
// is locked: at most as many as there are seats for when own, which is not among
// them, has given up its own.
func (s *Service) seatWaiters(ctx context.Context, tx Store, desk provision.Desk, own provision.Account) ([]provision.Account, error) {
	free, err := s.freeSeats(ctx, tx, desk)
	if own.Seat && free >= 0 {
		free++
	}
	if err != nil || free == 0 {
		return nil, err
	}
	most := free
	if waitsForSeat(own) {
		most++
	}
	waiting, err := tx.AccountsWhere(ctx, waitingForSeat(desk.ID), max(most, 0))
	waiting = slices.DeleteFunc(waiting, func(a provision.Account) bool { return a.ID == own.ID })
	if free > 0 && len(waiting) > free {
		waiting = waiting[:free]
	}
	return waiting, err
}

// RequeueSeatWaiters has those reconciled who have waited longest for a seat on
// desks, which are locked: as many as there are free seats. Some may turn out
// to need none any more, so a run that ends without a seat passes it on. Others that
// have to be looked at go with them: accounts are locked by id, all at once.
func (s *Service) RequeueSeatWaiters(ctx context.Context, tx Store, others []provision.Account, desks ...provision.Desk) error {
	next := others
	for _, desk := range desks {
		waiting, err := s.seatWaiters(ctx, tx, desk, provision.Account{})
		if err != nil {
			return err
		}
		next = append(next, waiting...)
	}
	return s.entitlement.Requeue(ctx, tx, next)
}

// waitingForSeat selects the accounts that wait for a seat on a desk; those that
// have waited longest come first.
func waitingForSeat(desk provision.DeskID) provision.AccountFilter {
	return provision.AccountFilter{Desk: desk, State: provision.AccountNeedsAttention, ReasonCode: provision.ReasonSeat}
}

func waitsForSeat(a provision.Account) bool {
	return a.State == provision.AccountNeedsAttention && a.ReasonCode == provision.ReasonSeat
}
