package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
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

// HeldError says that the mass-change brake holds the account.
type HeldError struct{}

// Error says so.
func (*HeldError) Error() string { return "provision: held by the mass-change brake" }

// BeginVisit takes the lease of an account and returns what is wanted of it.
//
// [ErrNotDue], [ErrBusy], [LaterError] and [HeldError] say that there is
// nothing to do now; only LaterError needs another job. Whoever ends the visit
// that made it busy enqueues the next one.
func (s *Service) BeginVisit(ctx context.Context, id AccountID) (v Visit, _ error) {
	var outcome error
	err := s.inTx(ctx, func(tx Store) error {
		a, err := tx.Account(ctx, id)
		if err != nil {
			return err
		}
		if outcome = s.notNow(a); outcome != nil {
			return nil
		}
		ending := a.Wanted.Status != AccessActive
		var conn Connection
		if ending { // before the account: the brake counts, and no two may count at once
			if conn, err = tx.LockConnection(ctx, a.Connection); err != nil {
				return err
			}
		}
		var rules []Rule
		if v, rules, err = tx.LockVisit(ctx, a); err != nil {
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
		v.govern(rules)
		return s.lease(ctx, tx, &v.Account, v.Desk)
	})
	if err == nil {
		err = outcome
	}
	return v, err
}

// notNow says why an account cannot be visited now; nil when it can.
func (s *Service) notNow(a Account) error {
	now := s.now()
	switch {
	case !a.Due():
		return ErrNotDue
	case a.LeaseUntil != nil && now.Before(*a.LeaseUntil):
		return ErrBusy
	case a.RetryAt != nil && now.Before(*a.RetryAt):
		return &LaterError{At: *a.RetryAt}
	case a.Wanted.Status == AccessAbsent && a.EndingSince != nil:
		if at := a.EndingSince.Add(s.grace); now.Before(at) {
			return &LaterError{At: at}
		}
	}
	return nil
}

// lease takes the lease of a. Where the desk has no limit, a seat comes with it.
func (s *Service) lease(ctx context.Context, tx Store, a *Account, on Desk) error {
	until := s.now().Add(Lease)
	a.LeaseUntil, a.UpdatedAt = &until, s.now()
	a.Seat = a.Seat || on.Seats == 0 && a.Wanted.Status == AccessActive
	return tx.SaveAccounts(ctx, []Account{*a})
}

// govern fills in which teams and mailboxes rules govern on the desk.
func (v *Visit) govern(rules []Rule) {
	a := &v.Account
	teams, mailboxes := slices.Concat(a.Granted.Teams, a.Wanted.Teams), slices.Concat(a.Granted.Mailboxes, a.Wanted.Mailboxes)
	for _, r := range rules {
		if r.Desk == a.Desk && r.Connection == a.Connection {
			teams, mailboxes = append(teams, r.Teams...), append(mailboxes, r.Mailboxes...)
		}
	}
	v.Teams, v.Mailboxes = sorted(teams), sorted(mailboxes)
}

// Renew prolongs the lease of a visit that takes long. It fails with [ErrBusy]
// when the lease was lost: the visit must stop writing.
func (s *Service) Renew(ctx context.Context, v *Visit) error {
	return s.update(ctx, v, func(Store, *Account) error { return nil })
}

// update changes the account of a visit under its lease, and renews it.
func (s *Service) update(ctx context.Context, v *Visit, change func(tx Store, a *Account) error) error {
	var saved Account // v changes only once that is committed: a transaction may run twice
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
		return tx.SaveAccounts(ctx, []Account{a})
	})
	if err != nil {
		return err
	}
	v.Account.LeaseUntil = saved.LeaseUntil
	v.Account.DeskUser, v.Account.Origin, v.Account.Seat = saved.DeskUser, saved.Origin, saved.Seat
	return nil
}

// leased locks the account of v and makes sure that v still holds its lease.
func (s *Service) leased(ctx context.Context, tx Store, v *Visit) (Account, error) {
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
func (s *Service) Claim(ctx context.Context, v *Visit, user DeskUserID, origin Origin) error {
	if v.Account.DeskUser == user && v.Account.Origin == origin {
		return nil
	}
	return s.update(ctx, v, func(_ Store, a *Account) error {
		a.DeskUser, a.Origin = user, origin
		return nil
	})
}

func (s *Service) accountEntry(a Account, action string, detail map[string]any) Entry {
	e := s.entry(Cause{Actor: "worker", Action: "visit"}, a.Connection, action, string(a.Identity))
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

// DeskUserOf returns the desk user of the person whom the IdP names as
// somebody's manager: by id, externalId or userName. "" when there is none.
func (s *Service) DeskUserOf(ctx context.Context, conn ConnectionID, desk DeskID, name string) (DeskUserID, error) {
	if name == "" {
		return "", nil
	}
	people, err := s.store.FindPeople(ctx, name)
	if err != nil {
		return "", err
	}
	for _, p := range people {
		if p.Connection != conn || !p.Active() {
			continue
		}
		accounts, err := s.store.AccountsOf(ctx, []IdentityID{p.ID})
		if err != nil {
			return "", err
		}
		for _, a := range accounts {
			if a.Desk == desk && a.Origin != OriginNone {
				return a.DeskUser, nil
			}
		}
	}
	return "", nil
}
