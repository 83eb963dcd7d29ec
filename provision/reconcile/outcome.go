package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	// giveUpAfter failed visits a person is asked: at full backoff that is
	// most of a day.
	giveUpAfter = 200
	// recheckAfter is how long a parked account waits before we look whether
	// an admin has done what the desk's API cannot.
	recheckAfter = 10 * time.Minute
)

// Backoff returns how long to wait after so many failed attempts: equal jitter
// over a span that doubles from 1 s to 5 min.
func Backoff(attempts int) time.Duration {
	return backoff.Policy{First: time.Second, Most: 5 * time.Minute}.After(attempts)
}

// Confirm ends a visit whose desk shows what was wanted: have, or nobody.
func (s *Service) Confirm(ctx context.Context, v *Run, have *provision.DeskUser) error {
	return s.finish(ctx, v, func(tx Store, a *provision.Account) error {
		now := s.now()
		before := a.Confirmed
		a.Reconciled, a.Attempts, a.RetryAt, a.Reason = v.Account.Revision, 0, nil, ""
		a.ConfirmedAt = &now
		a.Confirmed = confirmedAccess(v, have)
		hadSeat := a.Seat
		a.State = provision.AccountReady
		action := "account.confirmed"
		if v.Ending() {
			a.State, a.Seat = provision.AccountEnded, false
			action = "account.ended"
		}
		if before.Same(a.Confirmed) && a.Seat == hadSeat {
			return nil // seen before: nothing to tell
		}
		return s.audit.Record(ctx, tx, s.accountEntry(*a, action, accessDetail(a.Confirmed)))
	})
}

// confirmedAccess is what the desk shows of what rules govern there. Teams and
// mailboxes that are people's own business are left out: what is noted here
// counts as governed from then on.
func confirmedAccess(v *Run, have *provision.DeskUser) provision.Access {
	if have == nil {
		return provision.Access{Status: provision.AccessAbsent}
	}
	out := provision.Access{Status: provision.AccessActive, Role: have.Role, Teams: intersect(have.Teams, v.Teams), Mailboxes: intersect(have.Mailboxes, v.Mailboxes)}
	if !have.Active {
		out.Status = provision.AccessSuspended
	}
	return out
}

// intersect returns those of names that are in list, sorted.
func intersect(names, list []string) []string {
	var out []string
	for _, n := range names {
		if provision.ContainsFold(list, n) {
			out = append(out, n)
		}
	}
	return provision.Sorted(out)
}

func accessDetail(a provision.Access) map[string]any {
	return map[string]any{"status": a.Status, "role": a.Role, "teams": a.Teams, "mailboxes": a.Mailboxes}
}

// NeedsAttention ends a visit that needs a person; reason tells them what to do, in
// plain words. recheck has the account visited again by itself, to see whether
// it was done.
func (s *Service) NeedsAttention(ctx context.Context, v *Run, reason string, recheck bool) error {
	return s.finish(ctx, v, func(tx Store, a *provision.Account) error {
		a.Attempts, a.RetryAt = 0, nil
		if a.Seat && a.DeskUser == "" && len(v.Unfinished) == 0 {
			a.Seat = false // nobody sits on it
		}
		told := a.State == provision.AccountNeedsAttention && a.Reason == reason
		a.State, a.Reason = provision.AccountNeedsAttention, reason
		if waitsForSeat(*a) {
			desk, err := tx.LockDesk(ctx, a.Desk) // finish has it already
			if err != nil {
				return err
			}
			if free, err := s.freeSeats(ctx, tx, desk); err != nil || free != 0 { // since it was refused
				a.State, a.Reason = provision.AccountWaiting, ""
				return errors.Join(err, tx.Enqueue(ctx, provision.Job{Kind: provision.JobReconcile, Account: a.ID}))
			}
		}
		if recheck {
			at := s.now().Add(recheckAfter)
			a.RetryAt = &at
		}
		if told {
			return nil
		}
		return s.audit.Record(ctx, tx, s.accountEntry(*a, "account.parked", map[string]any{"reason": reason}))
	})
}

// Fail ends a visit that may work later: after the time that the desk asked
// for, or after our own backoff. reason is for admins, and holds neither
// secrets nor personal data. It returns when to try again; the zero time means
// that it has been tried often enough, and the account is parked.
func (s *Service) Fail(ctx context.Context, v *Run, reason string, after time.Duration) (at time.Time, _ error) {
	if v.Account.Attempts+1 >= giveUpAfter {
		return time.Time{}, s.NeedsAttention(ctx, v, "given up after many attempts; the last one said: "+reason+"; mend it, then run `deskbridge retry`", false)
	}
	err := s.finish(ctx, v, func(tx Store, a *provision.Account) error {
		a.Attempts++
		at = s.now().Add(max(after, Backoff(a.Attempts)))
		a.State, a.Reason, a.RetryAt = provision.AccountWaiting, reason, &at
		return tx.Enqueue(ctx, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Urgent: v.Ending(), At: at})
	})
	return at, err
}

// finish ends a visit: the lease goes, and when more is wanted by now than the
// visit knew of, the next one is enqueued.
func (s *Service) finish(ctx context.Context, v *Run, change func(tx Store, a *provision.Account) error) error {
	return s.inTx(ctx, func(tx Store) error {
		var desk provision.Desk
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
			a.Reconciled = max(a.Reconciled, v.Account.Revision)
			if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil {
				return err
			}
			job := provision.Job{Kind: provision.JobReconcile, Account: a.ID, Urgent: a.Desired.Status != provision.AccessActive}
			if a.Desired.Status == provision.AccessAbsent && a.EndingSince != nil {
				job.At = a.EndingSince.Add(s.grace)
			}
			return tx.Enqueue(ctx, job)
		}
		if err := change(tx, &a); err != nil {
			return err
		}
		if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil {
			return err
		}
		if desk.Seats == 0 || a.Seat || a.State == provision.AccountWaiting {
			return nil
		}
		return s.RequeueSeatWaiters(ctx, tx, desk, a.ID)
	})
}
