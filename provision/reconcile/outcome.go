package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/evidence"
)

const (
	// giveUpAfter failed runs a person is asked: at full backoff that is
	// most of a day.
	giveUpAfter = 200
	// recheckAfter is how long an account that needs attention waits before we look whether
	// an admin has done what the desk's API cannot.
	recheckAfter = 10 * time.Minute
)

// placeLooks is how such waits grow for a team or a mailbox that the desk does not
// have: hundreds may be in one that was renamed, and each look reads the desk's list.
var placeLooks = backoff.Policy{First: 2 * recheckAfter, Most: 8 * time.Hour}

// Backoff returns how long to wait after so many failed attempts: equal jitter
// over a span that doubles from 1 s to 5 min.
func Backoff(attempts int) time.Duration {
	return backoff.Policy{First: time.Second, Most: 5 * time.Minute}.After(attempts)
}

// Confirm ends a run whose desk shows what was desired: have, or nobody. What
// have is called there is the person's from then on. Where it is another
// person's already, the account needs attention instead.
func (r *Run) Confirm(ctx context.Context, have *provision.DeskUser) error {
	s := r.service
	freed, taken := false, false
	err := r.finish(ctx, r.Ending(), func(tx Store, a *provision.Account) (err error) {
		taken = false
		if freed, err = r.takeNames(ctx, tx, a, r.shownNames(have)); err != nil {
			taken = provision.IsConflict(err)
			return err
		}
		now := s.now()
		before := a.Confirmed
		a.Reconciled, a.Attempts, a.RetryAt, a.Reason, a.ReasonCode = r.Account.Revision, 0, nil, "", provision.ReasonNone
		a.ConfirmedAt = &now
		a.Confirmed = confirmedAccess(r, have)
		if !r.Ending() {
			awayOf := *a
			awayOf.Confirmed = before
			awayOf.ConfirmAway(&a.Confirmed)
		}
		hadSeat := a.Seat
		a.State = provision.AccountReady
		action := audit.AccountConfirmed
		if r.Ending() {
			a.State, a.Seat = provision.AccountEnded, false
			action = audit.AccountEnded
		}
		var entries []provision.Entry
		if t := a.Transfer; t.Before > 0 {
			entries = append(entries, s.accountEntry(*a, audit.AccountHandedOver, t.Mailboxes.In(map[string]any{"before": t.Before, "moved": t.Moved, "to_queue": t.ToQueue, "left": t.Left})))
		}
		a.Transfer = provision.Transfer{}
		if r.Ending() && a.Leaving.Confirm(r.Desk.OnLeave, r.leftMark(have), now) {
			entries = append(entries, s.accountEntry(*a, audit.AccountStepDue, a.StepDetail(&r.Desk)))
		}
		if r.Ending() && a.AskApproval(&r.Desk, have != nil, now) {
			entries = append(entries, s.accountEntry(*a, audit.ApprovalAsked, map[string]any{"what": a.Approval.What}))
		}
		if !before.Same(a.Confirmed) || a.Seat != hadSeat { // else seen before: nothing to tell
			entries = append(entries, s.accountEntry(*a, action, a.EndDetail(before, hadSeat)))
		}
		if len(entries) == 0 {
			return nil
		}
		return s.audit.Record(ctx, tx, entries...)
	})
	if taken {
		err = r.checkNames(ctx, r.shownNames(have))
		if attention, ok := errors.AsType[*AttentionError](err); ok {
			return r.Ask(ctx, attention)
		}
		if err == nil { // it was, a moment ago
			_, err = r.Fail(ctx, provision.ReasonFailed, "the name by which "+r.Desk.Name+" knows this person was another person's there", 0)
		}
		return err
	}
	if err == nil && freed {
		err = r.requeueNamesakes(ctx)
	}
	return err
}

// confirmedAccess is what the desk shows of the managed scope. Teams and
// mailboxes that are people's own business are left out: what is noted here
// counts as managed from then on.
func confirmedAccess(r *Run, have *provision.DeskUser) provision.Access {
	if have == nil {
		return provision.Access{Status: provision.AccessAbsent}
	}
	out := provision.Access{Status: provision.AccessActive, Role: have.Role, Teams: provision.Intersection(have.Teams, r.Teams), Mailboxes: provision.Intersection(have.Mailboxes, r.Mailboxes),
		DeskRoles: provision.Intersection(have.DeskRoles, r.DeskRoles)}
	if !have.Active {
		out.Status = provision.AccessSuspended
	}
	if have.TeamsHidden { // they are there still, as far as anybody knows
		out.Teams, out.Mailboxes = r.Account.Confirmed.Teams, r.Account.Confirmed.Mailboxes
	}
	return out
}

// NeedsAttention ends a run that needs a person; reason tells them what to do, in plain words, and code programs.
// recheck has the account reconciled again by itself, to see whether it was done.
func (r *Run) NeedsAttention(ctx context.Context, code provision.ReasonCode, reason string, recheck bool) error {
	return r.Ask(ctx, &AttentionError{Code: code, Reason: reason, Recheck: recheck})
}

// Ask is NeedsAttention for a question that is an error. Its reason may hold addresses when there is another text for the audit log.
func (r *Run) Ask(ctx context.Context, what *AttentionError) error {
	code, reason := what.Code, what.Reason
	s := r.service
	leavesSeat := !r.Account.Seat || r.Account.DeskUser == "" && len(r.Unfinished) == 0
	freed := false
	err := r.finish(ctx, leavesSeat, func(tx Store, a *provision.Account) (err error) {
		freed = false
		looks := a.Attempts
		a.Attempts, a.RetryAt, a.Evidence = 0, nil, evidence.Doubt(a, what.Doubts)
		if a.Seat && a.DeskUser == "" && len(r.Unfinished) == 0 {
			a.Seat = false // nobody sits on it
		}
		if r.shown != nil && a.DeskUser == r.shown.ID { // as it was last read: what was reached counts
			if freed, err = s.noteShown(ctx, tx, r, a); err != nil {
				return err
			}
		}
		told := a.State == provision.AccountNeedsAttention && a.Reason == reason
		a.State, a.Reason, a.ReasonCode = provision.AccountNeedsAttention, reason, code
		if code == provision.ReasonSeat {
			desk, err := tx.LockDesk(ctx, a.Desk) // finish has it already
			if err != nil {
				return err
			}
			if free, err := s.freeSeats(ctx, tx, desk); err != nil || free != 0 { // since it was refused
				a.State, a.Reason, a.ReasonCode = provision.AccountWaiting, "", provision.ReasonNone
				return errors.Join(err, tx.Enqueue(ctx, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk}))
			}
		}
		if what.Recheck {
			wait := recheckAfter
			if code == provision.ReasonPlace && told {
				a.Attempts = min(looks+1, 8) // from there on the waits are the longest
				wait = placeLooks.After(a.Attempts)
			}
			at := s.now().Add(wait)
			a.RetryAt = &at
		}
		if told {
			return nil
		}
		return s.audit.Record(ctx, tx, s.accountEntry(*a, audit.AccountNeedsAttention, a.AskDetail(what.Log(), code)))
	})
	if err == nil && freed {
		err = r.requeueNamesakes(ctx)
	}
	return err
}

// noteShown notes what the desk shows although the run is not done: the access, and
// of somebody who stays the names, unless they are another's. The audit log tells
// when all is there that is due. It reports whether a name has become free.
func (s *Service) noteShown(ctx context.Context, tx Store, r *Run, a *provision.Account) (freed bool, err error) {
	before := a.Confirmed
	a.Confirmed, a.ConfirmedAt = confirmedAccess(r, r.shown), new(s.now())
	if r.Ending() {
		return false, nil
	}
	if freed, err = r.takeNames(ctx, tx, a, r.shownNames(r.shown)); provision.IsConflict(err) {
		freed, err = false, tx.TakeNames(ctx, *a, a.Names.Held(&r.Desk))
	}
	if err != nil || before.Same(a.Confirmed) || !reaches(a.Confirmed, a.Desired) {
		return freed, err
	}
	return freed, s.audit.Record(ctx, tx, s.accountEntry(*a, audit.AccountConfirmed, a.Confirmed.Detail()))
}

// reaches reports whether have is all of desired.
func reaches(have, desired provision.Access) bool {
	return have.Status == desired.Status && have.Role.Rank() == desired.Role.Rank() &&
		len(provision.Intersection(desired.DeskRoles, have.DeskRoles)) == len(desired.DeskRoles) &&
		len(provision.Intersection(desired.Teams, have.Teams)) == len(desired.Teams) && len(provision.Intersection(desired.Mailboxes, have.Mailboxes)) == len(desired.Mailboxes)
}

// Fail ends a run that may work later: after the time that the desk asked
// for, or after our own backoff. reason is for admins, and holds neither
// secrets nor personal data; code is for programs. It returns when to try again; the zero time means
// that it has been tried often enough, and the account needs attention.
func (r *Run) Fail(ctx context.Context, code provision.ReasonCode, reason string, after time.Duration) (at time.Time, _ error) {
	s := r.service
	if r.Account.Attempts+1 >= giveUpAfter {
		return time.Time{}, r.NeedsAttention(ctx, provision.ReasonGaveUp, "given up after many attempts; the last one said: "+reason+"; mend it, then run `deskbridge retry`", false)
	}
	err := r.finish(ctx, false, func(tx Store, a *provision.Account) error {
		a.Attempts++
		at = s.now().Add(max(after, Backoff(a.Attempts)))
		a.State, a.Reason, a.ReasonCode, a.RetryAt = provision.AccountWaiting, reason, code, &at
		return tx.Enqueue(ctx, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn(), At: at})
	})
	return at, err
}

// finish ends a run: the lease goes, and when more is desired by now than the
// run knew of, the next one is enqueued. leavesSeat says that the run may end
// without a seat: then one that is free goes to who waits for it.
func (r *Run) finish(ctx context.Context, leavesSeat bool, change func(tx Store, a *provision.Account) error) error {
	s := r.service
	return s.inTx(ctx, func(tx Store) error {
		var desk provision.Desk
		var waiting []provision.Account
		if leavesSeat && r.Desk.Seats > 0 {
			var err error
			if desk, err = tx.LockDesk(ctx, r.Desk.ID); err != nil { // before accounts
				return err
			}
			if waiting, err = s.seatWaiters(ctx, tx, desk, r.Account); err != nil {
				return err
			}
		}
		a, waiting, err := r.lockWith(ctx, tx, waiting)
		if err != nil {
			return err
		}
		if err := r.enter(ctx, tx, &a); err != nil {
			return err
		}
		a.LeaseUntil, a.UpdatedAt = nil, s.now()
		if r.shown != nil && a.DeskUser == r.shown.ID {
			a.Shown, a.ShownAt = confirmedAccess(r, r.shown), new(r.shownAt)
			a.Evidence = evidence.See(a.Evidence, r.shown)
		}
		if a.Revision != r.Account.Revision { // what the run found out is old already
			a.Reconciled = max(a.Reconciled, r.Account.Revision)
			if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil {
				return err
			}
			return tx.Enqueue(ctx, nextJob(a, s.grace))
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
		free, err := s.freeSeats(ctx, tx, desk)
		if err != nil {
			return err
		}
		return s.entitlement.Requeue(ctx, tx, waiting[:min(free, len(waiting))])
	})
}

// nextJob is the job for an account that is due, after grace where that applies.
func nextJob(a provision.Account, grace time.Duration) provision.Job {
	job := provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn()}
	if a.Desired.Status == provision.AccessAbsent && a.EndingSince != nil {
		job.At = a.EndingSince.Add(grace)
	}
	return job
}

// lockWith is [Run.lock] together with others, by id. It returns those that
// still wait for a seat.
func (r *Run) lockWith(ctx context.Context, tx Store, others []provision.Account) (own provision.Account, waiting []provision.Account, _ error) {
	if len(others) == 0 {
		own, err := r.lock(ctx, tx)
		return own, nil, err
	}
	ids := []provision.AccountID{r.Account.ID}
	for _, a := range others {
		ids = append(ids, a.ID)
	}
	locked, err := tx.LockAccounts(ctx, ids)
	if err != nil {
		return own, nil, err
	}
	for _, a := range locked {
		switch {
		case a.ID == r.Account.ID:
			own = a
		case waitsForSeat(a):
			waiting = append(waiting, a)
		}
	}
	return own, waiting, r.leases(own)
}

// Defer ends a run that found its desk paused. It counts as no attempt: the
// account is reconciled again after that time, or when the pause ends, however
// often that happens.
func (r *Run) Defer(ctx context.Context, reason string, after time.Duration) error {
	return r.PutOff(ctx, provision.ReasonDeskPaused, r.Desk.Name+" is not called for now: "+reason, after)
}

// PutOff ends a run that goes on after a while. It counts as no attempt. reason
// is for admins, and holds neither secrets nor personal data; code is for programs.
func (r *Run) PutOff(ctx context.Context, code provision.ReasonCode, reason string, after time.Duration) error {
	s := r.service
	return r.finish(ctx, false, func(tx Store, a *provision.Account) error {
		at := s.now().Add(after)
		a.State, a.ReasonCode, a.Reason, a.RetryAt = provision.AccountWaiting, code, reason, &at
		return tx.Enqueue(ctx, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn(), At: at})
	})
}
