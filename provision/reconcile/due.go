package reconcile

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// dueAtOnce is for how many accounts one round enqueues runs.
const dueAtOnce = 200

// CatchUp evaluates people who are still marked dirty, lets go of brakes that
// hold nobody any more, and enqueues runs for accounts that are due but that
// nobody is at: their job was lost, or its worker died. It returns how many.
func (s *Service) CatchUp(ctx context.Context, idle time.Duration) (n int, _ error) {
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range connections {
		if err := s.entitlement.EvaluateDirty(ctx, c.ID); err != nil {
			return 0, err
		}
		if c.HeldAt == nil {
			continue
		}
		if err := s.inTx(ctx, func(tx Store) error {
			conn, err := tx.LockConnection(ctx, c.ID)
			if err == nil {
				_, err = s.braked(ctx, tx, conn)
			}
			return err
		}); err != nil {
			return 0, err
		}
	}
	now := s.now()
	return s.enqueueDue(ctx, now, now.Add(-idle), dueAtOnce, func(*provision.Account) {})
}

// Reclaim takes back the leases of workers that died, and has what they were
// at reconciled at once. It is for a process that has just started and knows that
// it is the only one on its database; elsewhere leases end by themselves. It
// returns how many accounts that are.
func (s *Service) Reclaim(ctx context.Context) (n int, _ error) {
	start := s.now()
	for {
		// When every lease has ended; what is touched from now on is done.
		found, err := s.enqueueDue(ctx, start.Add(Lease+time.Second), start, dueAtOnce, func(a *provision.Account) { a.LeaseUntil = nil })
		if n += found; err != nil || found < dueAtOnce {
			return n, err
		}
	}
}

// Enqueue enqueues a run for one account, if one is due.
func (s *Service) Enqueue(ctx context.Context, id provision.AccountID) error {
	a, err := s.store.Account(ctx, id)
	if err != nil || !a.Due() {
		return err
	}
	return s.inTx(ctx, func(tx Store) error { return tx.Enqueue(ctx, nextJob(a, s.grace)) })
}

// enqueueDue enqueues runs for up to most accounts that are due at now and
// were not touched since before, changed by change. It returns how many.
func (s *Service) enqueueDue(ctx context.Context, now, before time.Time, most int, change func(*provision.Account)) (n int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		ahead := s.now().Add(clockSlack)
		due, err := tx.DueAccounts(ctx, now, before, ahead, most)
		if err != nil {
			return err
		}
		if due, err = entitlement.LockThose(ctx, tx, due, func(*provision.Account) bool { return true }); err != nil {
			return err
		}
		var jobs []provision.Job
		for i := range due {
			a := &due[i]
			if a.UpdatedAt.After(ahead) {
				s.forgetTimes(a)
			}
			a.UpdatedAt = s.now() // idle from now on
			change(a)
			jobs = append(jobs, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn()})
		}
		if n = len(due); n == 0 {
			return nil
		}
		if err := tx.SaveAccounts(ctx, due); err != nil {
			return err
		}
		return tx.Enqueue(ctx, jobs...)
	})
	return n, err
}

// forgetTimes has a count from now on: its times are those of a clock that has
// been set back.
func (s *Service) forgetTimes(a *provision.Account) {
	a.LeaseUntil, a.RetryAt = nil, nil
	if now := s.now(); a.EndingSince != nil && a.EndingSince.After(now) {
		a.EndingSince = &now
	}
}
