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
	err := s.store.InTx(ctx, func(tx Store) error {
		outcome = nil
		a, err := tx.Account(ctx, id)
		if err != nil {
			return err
		}
		if !a.Due() {
			outcome = ErrNotDue
			return nil
		}
		if a.Wanted.Status != AccessActive {
			if outcome, err = s.brake(ctx, tx, a); outcome != nil || err != nil {
				return err
			}
		}
		v, outcome, err = s.lease(ctx, tx, id)
		return err
	})
	if err == nil {
		err = outcome
	}
	return v, err
}

func (s *Service) lease(ctx context.Context, tx Store, id AccountID) (v Visit, outcome, _ error) {
	a, err := tx.LockAccount(ctx, id)
	if err != nil {
		return v, nil, err
	}
	now := s.now()
	switch {
	case !a.Due():
		return v, ErrNotDue, nil
	case a.LeaseUntil != nil && now.Before(*a.LeaseUntil):
		return v, ErrBusy, nil
	case a.RetryAt != nil && now.Before(*a.RetryAt):
		return v, &LaterError{At: *a.RetryAt}, nil
	}
	if a.Wanted.Status == AccessAbsent && a.EndingSince != nil {
		if at := a.EndingSince.Add(s.policy.Grace); now.Before(at) {
			return v, &LaterError{At: at}, nil
		}
	}
	until := now.Add(Lease)
	a.LeaseUntil, a.UpdatedAt = &until, now
	if err := tx.SaveAccounts(ctx, []Account{a}); err != nil {
		return v, nil, err
	}
	v, err = s.visit(ctx, tx, a)
	return v, nil, err
}

func (s *Service) visit(ctx context.Context, tx Store, a Account) (v Visit, err error) {
	v.Account = a
	if v.Desk, err = tx.Desk(ctx, string(a.Desk)); err != nil {
		return v, err
	}
	if v.Connection, err = tx.Connection(ctx, string(a.Connection)); err != nil {
		return v, err
	}
	if v.Unfinished, err = tx.OpenSteps(ctx, a.ID); err != nil {
		return v, err
	}
	rules, err := tx.Rules(ctx, a.Connection)
	if err != nil {
		return v, err
	}
	teams, mailboxes := slices.Concat(a.Granted.Teams, a.Wanted.Teams), slices.Concat(a.Granted.Mailboxes, a.Wanted.Mailboxes)
	for _, r := range rules {
		if r.Desk == a.Desk {
			teams, mailboxes = append(teams, r.Teams...), append(mailboxes, r.Mailboxes...)
		}
	}
	v.Teams, v.Mailboxes = sorted(teams), sorted(mailboxes)
	return v, nil
}

// brake returns HeldError when the account's end must wait for an admin.
func (s *Service) brake(ctx context.Context, tx Store, a Account) (held error, _ error) {
	if s.policy.Brake.Off {
		return nil, nil
	}
	conn, err := tx.LockConnection(ctx, a.Connection)
	if err != nil {
		return nil, err
	}
	if a, err = tx.LockAccount(ctx, a.ID); err != nil {
		return nil, err
	}
	if a.Wanted.Status == AccessActive || a.EndingSince == nil || conn.ReleasedAt != nil && !a.EndingSince.After(*conn.ReleasedAt) {
		return nil, nil
	}
	now := s.now()
	since := now.Add(-s.policy.Brake.Window)
	if conn.ReleasedAt != nil && conn.ReleasedAt.After(since) {
		since = *conn.ReleasedAt
	}
	ending, err := tx.PeopleEnding(ctx, conn.ID, since)
	if err != nil {
		return nil, err
	}
	staying, err := tx.PeopleWithAccess(ctx, conn.ID)
	if err != nil {
		return nil, err
	}
	limit := max(s.policy.Brake.People, (staying+ending)*s.policy.Brake.Percent/100)
	if ending <= limit {
		if conn.HeldAt == nil {
			return nil, nil
		}
		waiting, err := tx.AccountsWhere(ctx, AccountFilter{Connection: conn.ID, State: AccountHeld}, 1)
		if err != nil || len(waiting) > 0 {
			return s.hold(ctx, tx, a, conn, ending, limit, err)
		}
		conn.HeldAt = nil // what was held has been taken back at the IdP
		return nil, tx.SaveConnection(ctx, conn)
	}
	return s.hold(ctx, tx, a, conn, ending, limit, nil)
}

func (s *Service) hold(ctx context.Context, tx Store, a Account, conn Connection, ending, limit int, err error) (error, error) {
	if err != nil {
		return nil, err
	}
	now := s.now()
	var entries []Entry
	if conn.HeldAt == nil {
		conn.HeldAt = &now
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return nil, err
		}
		e := s.entry(Cause{Actor: "system", Action: "brake"}, conn.ID, "brake.held", string(conn.ID))
		e.Detail = map[string]any{"people_ending": ending, "limit": limit}
		entries = append(entries, e)
	}
	if a.State != AccountHeld {
		a.State, a.UpdatedAt = AccountHeld, now
		a.Reason = "held: unusually many people of this connection lost access at once; check the IdP, then run `deskbridge connection release " + conn.Name + "`"
		if err := tx.SaveAccounts(ctx, []Account{a}); err != nil {
			return nil, err
		}
		entries = append(entries, s.accountEntry(a, "account.held", nil))
	}
	return &HeldError{}, tx.Append(ctx, entries...)
}

// Renew prolongs the lease of a visit that takes long. It fails with [ErrBusy]
// when the lease was lost: the visit must stop writing.
func (s *Service) Renew(ctx context.Context, v *Visit) error {
	return s.update(ctx, v, func(Store, *Account) error { return nil })
}

// update changes the account of a visit under its lease, and renews it.
func (s *Service) update(ctx context.Context, v *Visit, change func(tx Store, a *Account) error) error {
	return s.store.InTx(ctx, func(tx Store) error {
		a, err := s.leased(ctx, tx, v)
		if err != nil {
			return err
		}
		if err := change(tx, &a); err != nil {
			return err
		}
		until := s.now().Add(Lease)
		a.LeaseUntil, a.UpdatedAt = &until, s.now()
		if err := tx.SaveAccounts(ctx, []Account{a}); err != nil {
			return err
		}
		v.Account.LeaseUntil = a.LeaseUntil
		v.Account.DeskUser, v.Account.Origin, v.Account.Seat = a.DeskUser, a.Origin, a.Seat
		return nil
	})
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

// PlanSteps journals what a visit is about to write. Steps of earlier visits
// that are not among them have reached the desk before a crash kept us from
// noting it: they are noted now.
func (s *Service) PlanSteps(ctx context.Context, v *Visit, steps []Step) (planned []Step, _ error) {
	err := s.update(ctx, v, func(tx Store, a *Account) error {
		var closed []int64
		var entries []Entry
		for _, old := range v.Unfinished {
			closed = append(closed, old.ID)
			if !slices.ContainsFunc(steps, func(now Step) bool { return sameStep(old, now) }) {
				e := s.accountEntry(*a, string(old.Kind), old.Detail)
				e.Detail = withNote(e.Detail, "found done after an interruption")
				entries = append(entries, e)
			}
		}
		if err := tx.CloseSteps(ctx, closed); err != nil {
			return err
		}
		if err := tx.Append(ctx, entries...); err != nil {
			return err
		}
		var err error
		planned, err = tx.PlanSteps(ctx, steps)
		return err
	})
	if err == nil {
		v.Unfinished = planned
	}
	return planned, err
}

// sameStep reports whether now is what old meant to do, or what is left of it.
func sameStep(old, now Step) bool {
	if old.Kind != now.Kind {
		return false
	}
	if old.Kind == StepHandOver {
		return old.Detail["conversation"] == now.Detail["conversation"]
	}
	return true
}

// StepDone notes that a journalled step has reached the desk: the audit entry
// and the journal change together. user is the desk user it was done to.
func (s *Service) StepDone(ctx context.Context, v *Visit, done Step, user DeskUserID) error {
	return s.update(ctx, v, func(tx Store, a *Account) error {
		switch done.Kind {
		case StepCreate:
			a.DeskUser, a.Origin = user, OriginMade
		case StepAdopt:
			a.DeskUser, a.Origin = user, OriginAdopted
		}
		if err := tx.CloseSteps(ctx, []int64{done.ID}); err != nil {
			return err
		}
		v.Unfinished = slices.DeleteFunc(slices.Clone(v.Unfinished), func(s Step) bool { return s.ID == done.ID })
		detail := maps.Clone(done.Detail)
		if done.Note != "" {
			detail = withNote(detail, done.Note)
		}
		return tx.Append(ctx, s.accountEntry(*a, string(done.Kind), detail))
	})
}

// DropSteps takes steps out of the journal that were not done after all.
func (s *Service) DropSteps(ctx context.Context, v *Visit, steps []Step) error {
	return s.update(ctx, v, func(tx Store, _ *Account) error {
		ids := make([]int64, len(steps))
		for i, st := range steps {
			ids[i] = st.ID
		}
		return tx.CloseSteps(ctx, ids)
	})
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

// TakeSeat takes one of the desk's seats for the account: the one gate for
// every door through which somebody may come in. A desk without a free seat is
// a [ParkedError]; whoever frees a seat wakes the account.
func (s *Service) TakeSeat(ctx context.Context, v *Visit) error {
	if v.Account.Seat {
		return nil
	}
	return s.store.InTx(ctx, func(tx Store) error {
		desk, err := tx.LockDesk(ctx, v.Desk.ID)
		if err != nil {
			return err
		}
		taken, err := tx.SeatsTaken(ctx, desk.ID)
		if err != nil {
			return err
		}
		if desk.Seats > 0 && taken >= desk.Seats {
			return parked("%s%s: %d of %d are taken; free one, or raise `seats` of the desk", seatReason, desk.Name, taken, desk.Seats)
		}
		a, err := s.leased(ctx, tx, v)
		if err != nil {
			return err
		}
		a.Seat, a.UpdatedAt = true, s.now()
		v.Account.Seat = true
		return tx.SaveAccounts(ctx, []Account{a})
	})
}

const seatReason = "no seat left on "

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

func withNote(detail map[string]any, note string) map[string]any {
	out := maps.Clone(detail)
	if out == nil {
		out = map[string]any{}
	}
	out["note"] = note
	return out
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
