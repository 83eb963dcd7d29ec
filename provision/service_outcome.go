package provision

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	backoffFirst = time.Second
	backoffMost  = 5 * time.Minute
	// giveUpAfter failed visits a person is asked: at full backoff that is
	// most of a day.
	giveUpAfter = 200
	// recheckAfter is how long a parked account waits before we look whether
	// an admin has done what the desk's API cannot.
	recheckAfter = 10 * time.Minute
)

// Backoff returns how long to wait after so many failed attempts: full jitter
// over a span that doubles from 1 s to 5 min.
func Backoff(attempts int) time.Duration {
	span := backoffMost
	if attempts < 10 {
		span = min(backoffFirst<<max(attempts-1, 0), backoffMost)
	}
	return span/2 + rand.N(span/2+1)
}

// Confirm ends a visit whose desk shows what was wanted: have, or nobody.
func (s *Service) Confirm(ctx context.Context, v *Visit, have *DeskUser) error {
	return s.finish(ctx, v, func(tx Store, a *Account) error {
		now := s.now()
		before := a.Granted
		a.Visited, a.Attempts, a.RetryAt, a.Reason = v.Account.Revision, 0, nil, ""
		a.GrantedAt = &now
		a.Granted = granted(v, have)
		hadSeat := a.Seat
		a.State = AccountReady
		action := "account.confirmed"
		if v.Ending() {
			a.State, a.Seat = AccountEnded, false
			action = "account.ended"
		}
		if before.Same(a.Granted) && a.Seat == hadSeat {
			return nil // seen before: nothing to tell
		}
		return s.record(ctx, tx, s.accountEntry(*a, action, accessDetail(a.Granted)))
	})
}

// granted is what the desk shows of what rules govern there. Teams and
// mailboxes that are people's own business are left out: what is noted here
// counts as governed from then on.
func granted(v *Visit, have *DeskUser) Access {
	if have == nil {
		return Access{Status: AccessAbsent}
	}
	out := Access{Status: AccessActive, Role: have.Role, Teams: among(have.Teams, v.Teams), Mailboxes: among(have.Mailboxes, v.Mailboxes)}
	if !have.Active {
		out.Status = AccessSuspended
	}
	return out
}

// among returns those of names that are in list, sorted.
func among(names, list []string) []string {
	var out []string
	for _, n := range names {
		if containsFold(list, n) {
			out = append(out, n)
		}
	}
	return sorted(out)
}

func accessDetail(a Access) map[string]any {
	return map[string]any{"status": a.Status, "role": a.Role, "teams": a.Teams, "mailboxes": a.Mailboxes}
}

// Park ends a visit that needs a person; reason tells them what to do, in
// plain words. recheck has the account visited again by itself, to see whether
// it was done.
func (s *Service) Park(ctx context.Context, v *Visit, reason string, recheck bool) error {
	return s.finish(ctx, v, func(tx Store, a *Account) error {
		a.Attempts, a.RetryAt = 0, nil
		if a.Seat && a.DeskUser == "" && len(v.Unfinished) == 0 {
			a.Seat = false // nobody sits on it
		}
		told := a.State == AccountParked && a.Reason == reason
		a.State, a.Reason = AccountParked, reason
		if waitsForSeat(*a) {
			desk, err := tx.LockDesk(ctx, a.Desk) // finish has it already
			if err != nil {
				return err
			}
			if free, err := s.freeSeats(ctx, tx, desk); err != nil || free != 0 { // since it was refused
				a.State, a.Reason = AccountWaiting, ""
				return errors.Join(err, tx.Enqueue(ctx, Job{Kind: JobVisit, Account: a.ID}))
			}
		}
		if recheck {
			at := s.now().Add(recheckAfter)
			a.RetryAt = &at
		}
		if told {
			return nil
		}
		return s.record(ctx, tx, s.accountEntry(*a, "account.parked", map[string]any{"reason": reason}))
	})
}

// Fail ends a visit that may work later: after the time that the desk asked
// for, or after our own backoff. reason is for admins, and holds neither
// secrets nor personal data. It returns when to try again; the zero time means
// that it has been tried often enough, and the account is parked.
func (s *Service) Fail(ctx context.Context, v *Visit, reason string, after time.Duration) (at time.Time, _ error) {
	if v.Account.Attempts+1 >= giveUpAfter {
		return time.Time{}, s.Park(ctx, v, "given up after many attempts; the last one said: "+reason+"; mend it, then run `deskbridge retry`", false)
	}
	err := s.finish(ctx, v, func(tx Store, a *Account) error {
		a.Attempts++
		at = s.now().Add(max(after, Backoff(a.Attempts)))
		a.State, a.Reason, a.RetryAt = AccountWaiting, reason, &at
		return tx.Enqueue(ctx, Job{Kind: JobVisit, Account: a.ID, Urgent: v.Ending(), At: at})
	})
	return at, err
}

// finish ends a visit: the lease goes, and when more is wanted by now than the
// visit knew of, the next one is enqueued.
func (s *Service) finish(ctx context.Context, v *Visit, change func(tx Store, a *Account) error) error {
	return s.inTx(ctx, func(tx Store) error {
		var desk Desk
		if v.Desk.Seats > 0 {
			var err error
			if desk, err = tx.LockDesk(ctx, v.Desk.ID); err != nil { // before accounts: a seat may pass on
				return err
			}
		}
		a, err := s.leased(ctx, tx, v)
		if err != nil {
			return err
		}
		a.LeaseUntil, a.UpdatedAt = nil, s.now()
		if a.Revision != v.Account.Revision { // what the visit found out is old already
			a.Visited = max(a.Visited, v.Account.Revision)
			if err := tx.SaveAccounts(ctx, []Account{a}); err != nil {
				return err
			}
			job := Job{Kind: JobVisit, Account: a.ID, Urgent: a.Wanted.Status != AccessActive}
			if a.Wanted.Status == AccessAbsent && a.EndingSince != nil {
				job.At = a.EndingSince.Add(s.grace)
			}
			return tx.Enqueue(ctx, job)
		}
		if err := change(tx, &a); err != nil {
			return err
		}
		if err := tx.SaveAccounts(ctx, []Account{a}); err != nil {
			return err
		}
		if desk.Seats == 0 || a.Seat || a.State == AccountWaiting {
			return nil
		}
		return s.passSeats(ctx, tx, desk, a.ID)
	})
}

// CatchUp evaluates people who are still marked dirty, lets go of brakes that
// hold nobody any more, and enqueues visits for
// accounts that are due but that nobody is going to visit: their job was lost,
// or its worker died. It returns how many visits.
func (s *Service) CatchUp(ctx context.Context, idle time.Duration) (n int, _ error) {
	const most = 200
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range connections {
		if err := s.EvaluateDirty(ctx, c.ID); err != nil {
			return 0, err
		}
		if c.HeldAt == nil {
			continue
		}
		if err := s.clearBrake(ctx, c.ID); err != nil {
			return 0, err
		}
	}
	now := s.now()
	return s.enqueueDue(ctx, now, now.Add(-idle), most, func(*Account) {})
}

// Reclaim takes back the leases of workers that died, and has what they were
// at visited at once. It is for a process that has just started and knows that
// it is the only one on its database; elsewhere leases end by themselves. It
// returns how many accounts that are.
func (s *Service) Reclaim(ctx context.Context) (n int, _ error) {
	const most = 200
	start := s.now()
	for {
		// When every lease has ended; what is touched from now on is done.
		found, err := s.enqueueDue(ctx, start.Add(Lease+time.Second), start, most, func(a *Account) { a.LeaseUntil = nil })
		if n += found; err != nil || found < most {
			return n, err
		}
	}
}

// enqueueDue enqueues visits for up to most accounts that are due at now and
// were not touched since before, changed by change. It returns how many.
func (s *Service) enqueueDue(ctx context.Context, now, before time.Time, most int, change func(*Account)) (n int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		due, err := tx.DueAccounts(ctx, now, before, most)
		if err != nil {
			return err
		}
		slices.SortFunc(due, func(a, b Account) int { return cmp.Compare(a.ID, b.ID) }) // as locks are taken
		var jobs []Job
		for i := range due {
			a, err := tx.LockAccount(ctx, due[i].ID)
			if err != nil {
				return err
			}
			a.UpdatedAt = s.now() // idle from now on
			change(&a)
			due[i] = a
			jobs = append(jobs, Job{Kind: JobVisit, Account: a.ID, Urgent: a.Wanted.Status != AccessActive})
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
