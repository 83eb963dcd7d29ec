package reconcile

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/internal/share"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// Reasons why no run can begin now.
var (
	ErrNotDue = errors.New("provision: the account is as it should be")
	ErrBusy   = errors.New("provision: another worker reconciles the account")
)

// LaterError says that a run may begin at At, not before.
type LaterError struct{ At time.Time }

// Error says when.
func (e *LaterError) Error() string { return "provision: not before " + e.At.Format(time.RFC3339) }

// OnHoldError says that mass-change protection has the account on hold, or that
// an admin has rejected its loss.
type OnHoldError struct {
	Began *Hold // for the first account of a hold: there is an admin to be told
	New   bool  // it has just been put on hold, and not because of its person alone: others follow by [Service.HoldOthers]
}

// Error says so.
func (*OnHoldError) Error() string { return "provision: on hold by mass-change protection" }

// Begin takes the lease of an account and returns the run that holds it.
//
// [ErrNotDue], [ErrBusy], [LaterError] and [OnHoldError] say that there is
// nothing to do now; only LaterError needs another job. Whoever ends the run
// that made it busy enqueues the next one.
//
// Of a desk that an admin has paused all runs wait; what mass-change protection says of
// a loss is said before.
//
// What is being removed gets no access any more, and loses what it has whatever the
// brake would say. No loss is undecided once a run has begun that carries it out.
func (s *Service) Begin(ctx context.Context, id provision.AccountID) (*Run, error) {
	a, err := s.toDo(ctx, id)
	if err != nil {
		return nil, err
	}
	ending := a.Desired.Status != provision.AccessActive
	if ending { // the brake counts, and no two may count at once
		turn, err := s.turns.Take(ctx, a.Connection, 1, turnWait)
		if errors.Is(err, share.ErrEach) {
			return nil, &LaterError{At: s.now().Add(backoff.Between(turnWait, 2*turnWait))}
		}
		if err != nil {
			return nil, err
		}
		defer turn.GiveBack()
		if a, err = s.toDo(ctx, id); err != nil { // it may have been put on hold with others
			return nil, err
		}
	}
	var r Run
	var outcome error
	err = s.inTx(ctx, func(tx Store) error {
		var rules []provision.Rule
		var err error
		if r, rules, err = tx.LoadRun(ctx, a, ending); err != nil {
			return err
		}
		if outcome = notNow(r.Account, s.now(), s.grace); outcome != nil {
			return nil
		}
		removed := r.Connection.Removal != provision.RemovalNone || r.Desk.Removal != provision.RemovalNone
		if r.Connection.Removal == provision.RemovalKeeping || r.Desk.Removal == provision.RemovalKeeping || removed && !r.Ending() {
			outcome = ErrNotDue // what is there stays there; and nobody comes in any more
			return nil
		}
		if r.Ending() {
			if !ending { // since it was read; the job for that is on its way
				outcome = ErrBusy
				return nil
			}
			if removed { // an admin has said that all of it ends
				pass(&r.Account)
			} else if outcome, err = s.brake(ctx, tx, r.Connection, &r.Account); outcome != nil || err != nil {
				return err
			}
		}
		if r.Paused.Lasts(s.now()) {
			outcome = &LaterError{At: r.Paused.Until}
			return s.wait(ctx, tx, &r)
		}
		if r.Account.Leaving.Look(r.Desk.OnLeave, s.now()); !r.Ending() {
			r.Account.Leaving = leave.Course{}
		}
		r.Teams, r.Mailboxes, r.DeskRoles = r.Account.ManagedScope(rules)
		return s.lease(ctx, tx, &r.Account, r.Desk)
	})
	if err = cmp.Or(err, outcome); err != nil {
		return nil, err
	}
	r.service = s
	return &r, nil
}

// mostTurn is longer than a run may take. The lock on the connection does for all
// processes what turns do in this one; but who waits for it keeps those who push waiting.
const mostTurn = time.Hour

// turnWait is how long a run waits for its turn, before it lets others go first: a
// desk has few workers, and other connections' people wait for them too.
const turnWait = time.Second

// toDo returns an account, or why no run for it can begin now as far as that can
// be told without a lock.
func (s *Service) toDo(ctx context.Context, id provision.AccountID) (provision.Account, error) {
	a, err := s.store.Account(ctx, id)
	switch {
	case err != nil:
		return a, err
	case a.State == provision.AccountOnHold && (!s.brakes.Off || a.Loss.Verdict == provision.VerdictRejected):
		return a, &OnHoldError{} // whatever ends that has it wait for a run again
	}
	return a, notNow(a, s.now(), s.grace)
}

// clockSlack is how far in the future an account may have been written before
// its times count for nothing: the clock has been set back since, and nobody
// keeps access until it has caught up.
const clockSlack = time.Minute

// notNow says why no run for a can begin at now; nil when one can.
func notNow(a provision.Account, now time.Time, grace time.Duration) error {
	switch {
	case !a.Due():
		return ErrNotDue
	case a.UpdatedAt.After(now.Add(clockSlack)):
		return nil
	case a.LeaseUntil != nil && now.Before(*a.LeaseUntil):
		return ErrBusy
	case a.RetryAt != nil && now.Before(*a.RetryAt):
		return &LaterError{At: *a.RetryAt}
	case a.Desired.Status == provision.AccessAbsent && a.EndingSince != nil:
		if at := a.EndingSince.Add(grace); now.Before(at) && !a.EndingSince.After(now) {
			return &LaterError{At: at}
		}
	}
	return nil
}

// wait notes that an account waits for the end of its desk's pause, whose end by an
// admin has it reconciled at once.
func (s *Service) wait(ctx context.Context, tx Store, r *Run) error {
	a, until := r.Account, r.Paused.Until
	a.State, a.ReasonCode, a.Reason, a.RetryAt, a.UpdatedAt = provision.AccountWaiting, provision.ReasonDeskPaused, r.Desk.Name+" "+r.Paused.Text(), &until, s.now()
	return tx.SaveAccounts(ctx, []provision.Account{a})
}

// lease takes the lease of a. Where the desk has no limit, a seat comes with it.
func (s *Service) lease(ctx context.Context, tx Store, a *provision.Account, on provision.Desk) error {
	until := s.now().Add(Lease)
	a.LeaseUntil, a.UpdatedAt = &until, s.now()
	a.Seat = a.Seat || on.Seats == 0 && a.Desired.Status == provision.AccessActive
	return tx.SaveAccounts(ctx, []provision.Account{*a})
}

// RunsOf returns what runs for accounts of a desk would know, without taking
// leases: for looking, not for writing.
func (s *Service) RunsOf(ctx context.Context, desk provision.Desk, accounts []provision.Account) ([]Run, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[provision.ConnectionID]provision.Connection, len(connections))
	for _, c := range connections {
		byID[c.ID] = c
	}
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	runs := make([]Run, len(accounts))
	for i, a := range accounts {
		runs[i] = Run{Account: a, Desk: desk, Connection: byID[a.Connection], service: s}
		runs[i].Teams, runs[i].Mailboxes, runs[i].DeskRoles = a.ManagedScope(rules)
	}
	return runs, nil
}
