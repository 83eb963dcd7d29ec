package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Lease is how long a worker may hold an account without a word. A worker that
// dies is replaced after that; one that lives renews at each step.
const Lease = 45 * time.Second

// Reasons why there is nothing to visit now.
var (
	ErrNotDue = errors.New("provision: the account is as it should be")
	ErrBusy   = errors.New("provision: another worker is visiting the account")
)

// LaterError says that a visit may begin at At, not before.
type LaterError struct{ At time.Time }

// Error says when.
func (e *LaterError) Error() string { return "provision: not before " + e.At.Format(time.RFC3339) }

// OnHoldError says that the mass-change brake holds the account.
type OnHoldError struct{}

// Error says so.
func (*OnHoldError) Error() string { return "provision: held by the mass-change brake" }

// Begin takes the lease of an account and returns what is wanted of it.
//
// [ErrNotDue], [ErrBusy], [LaterError] and [OnHoldError] say that there is
// nothing to do now; only LaterError needs another job. Whoever ends the visit
// that made it busy enqueues the next one.
func (s *Service) Begin(ctx context.Context, id provision.AccountID) (v Run, _ error) {
	var outcome error
	err := s.inTx(ctx, func(tx Store) error {
		a, err := tx.Account(ctx, id)
		if err != nil {
			return err
		}
		if outcome = s.notNow(a); outcome != nil {
			return nil
		}
		ending := a.Desired.Status != provision.AccessActive
		var conn provision.Connection
		if ending { // before the account: the brake counts, and no two may count at once
			if conn, err = tx.LockConnection(ctx, a.Connection); err != nil {
				return err
			}
		}
		var rules []provision.Rule
		if v, rules, err = tx.LoadRun(ctx, a); err != nil {
			return err
		}
		if outcome = s.notNow(v.Account); outcome != nil {
			return nil
		}
		if v.Ending() {
			if !ending { // since it was read; the job for that is on its way
				outcome = ErrBusy
				return nil
			}
			if outcome, err = s.brake(ctx, tx, conn, v.Account); outcome != nil || err != nil {
				return err
			}
		}
		v.setScope(rules)
		return s.lease(ctx, tx, &v.Account, v.Desk)
	})
	if err == nil {
		err = outcome
	}
	return v, err
}

// notNow says why an account cannot be visited now; nil when it can.
func (s *Service) notNow(a provision.Account) error {
	now := s.now()
	switch {
	case !a.Due():
		return ErrNotDue
	case a.LeaseUntil != nil && now.Before(*a.LeaseUntil):
		return ErrBusy
	case a.RetryAt != nil && now.Before(*a.RetryAt):
		return &LaterError{At: *a.RetryAt}
	case a.Desired.Status == provision.AccessAbsent && a.EndingSince != nil:
		if at := a.EndingSince.Add(s.grace); now.Before(at) {
			return &LaterError{At: at}
		}
	}
	return nil
}

// lease takes the lease of a. Where the desk has no limit, a seat comes with it.
func (s *Service) lease(ctx context.Context, tx Store, a *provision.Account, on provision.Desk) error {
	until := s.now().Add(Lease)
	a.LeaseUntil, a.UpdatedAt = &until, s.now()
	a.Seat = a.Seat || on.Seats == 0 && a.Desired.Status == provision.AccessActive
	return tx.SaveAccounts(ctx, []provision.Account{*a})
}

// setScope fills in which teams and mailboxes rules govern on the desk.
func (v *Run) setScope(rules []provision.Rule) {
	a := &v.Account
	teams, mailboxes := slices.Concat(a.Confirmed.Teams, a.Desired.Teams), slices.Concat(a.Confirmed.Mailboxes, a.Desired.Mailboxes)
	for _, r := range rules {
		if r.Desk == a.Desk && r.Connection == a.Connection {
			teams, mailboxes = append(teams, r.Teams...), append(mailboxes, r.Mailboxes...)
		}
	}
	v.Teams, v.Mailboxes = provision.Sorted(teams), provision.Sorted(mailboxes)
}

// Renew prolongs the lease of a visit that takes long. It fails with [ErrBusy]
// when the lease was lost: the visit must stop writing.
func (s *Service) Renew(ctx context.Context, v *Run) error {
	return s.update(ctx, v, func(Store, *provision.Account) error { return nil })
}

// update changes the account of a visit under its lease, and renews it.
func (s *Service) update(ctx context.Context, v *Run, change func(tx Store, a *provision.Account) error) error {
	var saved provision.Account // v changes only once that is committed: a transaction may run twice
	err := s.inTx(ctx, func(tx Store) error {
		a, err := s.leased(ctx, tx, v)
		if err != nil {
			return err
		}
		if err := change(tx, &a); err != nil {
			return err
		}
		until := s.now().Add(Lease)
		a.LeaseUntil, a.UpdatedAt = &until, s.now()
		saved = a
		return tx.SaveAccounts(ctx, []provision.Account{a})
	})
	if err != nil {
		return err
	}
	v.Account.LeaseUntil = saved.LeaseUntil
	v.Account.DeskUser, v.Account.Origin, v.Account.Seat = saved.DeskUser, saved.Origin, saved.Seat
	return nil
}

// leased locks the account of v and makes sure that v still holds its lease.
func (s *Service) leased(ctx context.Context, tx Store, v *Run) (provision.Account, error) {
	a, err := tx.LockAccount(ctx, v.Account.ID)
	if err != nil {
		return a, err
	}
	if a.LeaseUntil == nil || !a.LeaseUntil.Equal(*v.Account.LeaseUntil) {
		return a, ErrBusy
	}
	return a, nil
}

// Claim notes which desk user an account is about, before anything is written
// to it. Claiming one that another account of ours holds is a Conflict.
func (s *Service) Claim(ctx context.Context, v *Run, user provision.DeskUserID, origin provision.Origin) error {
	if v.Account.DeskUser == user && v.Account.Origin == origin {
		return nil
	}
	return s.update(ctx, v, func(_ Store, a *provision.Account) error {
		a.DeskUser, a.Origin = user, origin
		return nil
	})
}

func (s *Service) accountEntry(a provision.Account, action string, detail map[string]any) provision.Entry {
	e := s.audit.Entry(provision.Cause{Actor: "worker", Action: "visit"}, a.Connection, action, string(a.Identity))
	e.Desk, e.Account, e.Detail = a.Desk, a.ID, detail
	if a.DeskUser != "" {
		e.Detail = maps.Clone(e.Detail)
		if e.Detail == nil {
			e.Detail = map[string]any{}
		}
		e.Detail["desk_user"] = string(a.DeskUser)
	}
	return e
}

// Run is one look at an account by a worker that holds its lease: what is
// wanted, and everything that decides what may be written.
type Run struct {
	Account    provision.Account
	Desk       provision.Desk
	Connection provision.Connection

	// Unfinished are the steps of earlier visits that were journalled and may
	// or may not have reached the desk.
	Unfinished []Write
	// Teams and Mailboxes are those that rules govern on this desk, now or
	// when access was last granted. All others are people's own business and
	// stay as they are. Sorted.
	Teams     []string
	Mailboxes []string
}

// adoptionAgreed reports whether a person has said yes to taking over whatever user
// the desk already has, and that user has not been looked at since.
func (v *Run) adoptionAgreed() bool {
	return v.Account.Origin == provision.OriginAdopted && v.Account.DeskUser == ""
}

// Ending reports whether the account's access is to end.
func (v *Run) Ending() bool { return v.Account.Desired.Status != provision.AccessActive }

// Ours reports whether we made have, even if a crash kept us from noting it:
// it carries our mark, or we had journalled its making after having looked that
// there was none.
func (v *Run) Ours(have *provision.DeskUser) bool {
	if have.ExternalID != "" {
		return have.ExternalID == string(v.Account.ID)
	}
	return slices.ContainsFunc(v.Unfinished, func(s Write) bool { return s.Kind == WriteCreate })
}
