package deskhealth

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// Sweep is one desk's place in the round of sweeps, and how the last one went.
type Sweep struct {
	Desk       provision.DeskID
	NextAt     time.Time           // when the next one begins
	LeaseUntil *time.Time          // a process is sweeping; nil: nobody is
	After      provision.AccountID // where one that reads account by account goes on; "" at the beginning

	StartedAt  *time.Time // of the one under way, else of the last
	FinishedAt *time.Time // of the last that came to its end
	Checked    int        // accounts looked at
	Drifted    int        // of those, the ones that differed
	Problem    string     // why the last one did not come to its end; "" when it did
}

// SweepLease is how long a process may sweep a desk without a word.
const SweepLease = 2 * time.Minute

// DueSweeps returns the desks that are to be swept now. A desk that is new to
// it gets its first turn within interval, at a random moment: replicas and
// desks that begin together must not sweep together.
func (s *Service) DueSweeps(ctx context.Context, interval time.Duration) ([]provision.Desk, error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return nil, err
	}
	sweeps, err := s.sweeps(ctx)
	if err != nil {
		return nil, err
	}
	pauses, err := s.store.DeskPauses(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	var due []provision.Desk
	for _, d := range desks {
		sweep, known := sweeps[d.ID]
		switch {
		case slices.ContainsFunc(pauses, func(p provision.DeskPause) bool { return p.Desk == d.ID && p.Lasts(now) }):
		case d.Drift == provision.DriftOff, d.Removal == provision.RemovalKeeping: // which is called no more
		case !known:
			err := s.changeSweep(ctx, d.ID, func(sw *Sweep) error {
				if sw.NextAt.IsZero() {
					sw.NextAt = now.Add(backoff.Between(interval/2, interval))
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		case now.Before(sweep.NextAt), sweep.busy(now):
		default:
			due = append(due, d)
		}
	}
	return due, nil
}

func (s *Service) sweeps(ctx context.Context) (map[provision.DeskID]Sweep, error) {
	list, err := s.store.Sweeps(ctx)
	byDesk := make(map[provision.DeskID]Sweep, len(list))
	for _, sw := range list {
		byDesk[sw.Desk] = sw
	}
	return byDesk, err
}

func (sw *Sweep) busy(now time.Time) bool { return sw.LeaseUntil != nil && now.Before(*sw.LeaseUntil) }

// changeSweep changes a desk's sweep, alone: the desk is locked, because there
// need not be a row for the sweep yet.
func (s *Service) changeSweep(ctx context.Context, desk provision.DeskID, change func(sw *Sweep) error) error {
	return s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockDesk(ctx, desk); err != nil {
			return err
		}
		sw, err := tx.Sweep(ctx, desk)
		if err != nil && !provision.IsNotFound(err) {
			return err
		}
		sw.Desk = desk
		if err := change(&sw); err != nil {
			return err
		}
		return tx.SaveSweep(ctx, sw)
	})
}

// BeginSweep takes the lease of a desk's sweep. [reconcile.ErrBusy] says that another
// process has it, [reconcile.ErrNotDue] that it is too early; byHand makes any time the
// right one. One that was cut short goes on where it was.
func (s *Service) BeginSweep(ctx context.Context, desk provision.DeskID, byHand bool) (begun Sweep, _ error) {
	err := s.changeSweep(ctx, desk, func(sw *Sweep) error {
		now := s.now()
		switch {
		case sw.busy(now):
			return reconcile.ErrBusy
		case !byHand && now.Before(sw.NextAt):
			return reconcile.ErrNotDue
		}
		until := now.Add(SweepLease)
		sw.LeaseUntil = &until
		if sw.After == "" || byHand {
			sw.StartedAt, sw.Checked, sw.Drifted, sw.After = &now, 0, 0, ""
		}
		begun = *sw
		return nil
	})
	return begun, err
}

// SweepSoon has a desk's next sweep be due now, for whichever process looks next. One
// that is under way is followed by another. It is Invalid where no sweep would come.
func (s *Service) SweepSoon(ctx context.Context, desk provision.Desk) error {
	switch {
	case desk.Removal == provision.RemovalKeeping:
		return desk.Removal.Refuse("desk " + desk.Name)
	case desk.Drift == provision.DriftOff:
		return provision.Errorf(provision.Invalid, "drift", "the desk is not swept: its policy is `drift: off`")
	}
	if err := s.CheckCalled(ctx, desk); err != nil {
		return err
	}
	return s.changeSweep(ctx, desk.ID, func(sw *Sweep) error {
		sw.NextAt = s.now()
		return nil
	})
}

// NoteSweep notes how far a sweep is, and prolongs its lease. It fails with
// [reconcile.ErrBusy] when the lease was lost.
func (s *Service) NoteSweep(ctx context.Context, sw *Sweep) error {
	return s.updateSweep(ctx, sw, func(to *Sweep) {
		until := s.now().Add(SweepLease)
		to.LeaseUntil = &until
	})
}

// EndSweep notes that a sweep has come to its end, or with a problem that it
// has not, and lets go of it. next is when the next one may begin, from now; nil
// leaves that as it is.
func (s *Service) EndSweep(ctx context.Context, sw *Sweep, problem string, next *time.Duration) error {
	return s.updateSweep(ctx, sw, func(to *Sweep) {
		now := s.now()
		to.LeaseUntil, to.Problem = nil, problem
		if next != nil {
			to.NextAt = now.Add(*next)
		}
		if problem == "" {
			to.FinishedAt, to.After = &now, ""
		}
	})
}

func (s *Service) updateSweep(ctx context.Context, sw *Sweep, change func(to *Sweep)) error {
	var saved Sweep
	err := s.changeSweep(ctx, sw.Desk, func(have *Sweep) error {
		if have.LeaseUntil == nil || !have.LeaseUntil.Equal(*sw.LeaseUntil) {
			return reconcile.ErrBusy
		}
		have.After, have.Checked, have.Drifted = sw.After, sw.Checked, sw.Drifted
		change(have)
		saved = *have
		return nil
	})
	if err == nil {
		*sw = saved
	}
	return err
}
