package reconcile

import (
	"context"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

const seatReason = "no seat left on "

// TakeSeat takes one of the desk's seats for the account: the one gate for
// every door through which somebody may come in. A desk without a free seat is
// a [AttentionError]; whoever frees a seat wakes the account.
func (r *Run) TakeSeat(ctx context.Context) error {
	s := r.service
	if r.Account.Seat {
		return nil
	}
	err := s.inTx(ctx, func(tx Store) error {
		desk, err := tx.LockDesk(ctx, r.Desk.ID)
		if err != nil {
			return err
		}
		taken, err := tx.SeatsTaken(ctx, desk.ID)
		if err != nil {
			return err
		}
		if desk.Seats > 0 && taken >= desk.Seats {
			return needsAttention("%s%s: %d of %d are taken; free one, or raise `seats` of the desk", seatReason, desk.Name, taken, desk.Seats)
		}
		a, err := r.lock(ctx, tx)
		if err != nil {
			return err
		}
		a.Seat, a.UpdatedAt = true, s.now()
		return tx.SaveAccounts(ctx, []provision.Account{a})
	})
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

// RequeueSeatWaiters wakes as many of those who wait for a seat on a desk, which is
// locked, as there are seats; but not the one that just had its turn. Some may
// turn out to need none any more, so it is called whenever a visit ends that
// took no seat.
func (s *Service) RequeueSeatWaiters(ctx context.Context, tx Store, desk provision.Desk, except provision.AccountID) error {
	free, err := s.freeSeats(ctx, tx, desk)
	if err != nil || free == 0 {
		return err
	}
	parked, err := tx.AccountsWhere(ctx, provision.AccountFilter{Desk: desk.ID, State: provision.AccountNeedsAttention}, 0)
	if err != nil {
		return err
	}
	var next []provision.Account
	for _, a := range parked {
		if a.ID != except && waitsForSeat(a) && len(next) != free {
			next = append(next, a)
		}
	}
	return s.entitlement.Requeue(ctx, tx, next)
}

func waitsForSeat(a provision.Account) bool {
	return a.State == provision.AccountNeedsAttention && strings.HasPrefix(a.Reason, seatReason)
}
