package provision

import (
	"context"
	"math/rand/v2"
	"time"
)

// SweepLease is how long a process may sweep a desk without a word.
const SweepLease = 2 * time.Minute

// DueSweeps returns the desks that are to be swept now. A desk that is new to
// it gets its first turn within interval, at a random moment: replicas and
// desks that begin together must not sweep together.
func (s *Service) DueSweeps(ctx context.Context, interval time.Duration) ([]Desk, error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return nil, err
	}
	sweeps, err := s.sweeps(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	var due []Desk
	for _, d := range desks {
		sweep, known := sweeps[d.ID]
		switch {
		case d.Drift == DriftOff:
		case !known:
			err := s.changeSweep(ctx, d.ID, func(sw *Sweep) error {
				if sw.NextAt.IsZero() {
					sw.NextAt = now.Add(interval/2 + rand.N(interval/2+1))
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

func (s *Service) sweeps(ctx context.Context) (map[DeskID]Sweep, error) {
	list, err := s.store.Sweeps(ctx)
	byDesk := make(map[DeskID]Sweep, len(list))
	for _, sw := range list {
		byDesk[sw.Desk] = sw
	}
	return byDesk, err
}

func (sw *Sweep) busy(now time.Time) bool { return sw.LeaseUntil != nil && now.Before(*sw.LeaseUntil) }

// changeSweep changes a desk's sweep, alone: the desk is locked, because there
// need not be a row for the sweep yet.
func (s *Service) changeSweep(ctx context.Context, desk DeskID, change func(sw *Sweep) error) error {
	return s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockDesk(ctx, desk); err != nil {
			return err
		}
		sw, err := tx.Sweep(ctx, desk)
		if err != nil && !isNotFound(err) {
			return err
		}
		sw.Desk = desk
		if err := change(&sw); err != nil {
			return err
		}
		return tx.SaveSweep(ctx, sw)
	})
}

// BeginSweep takes the lease of a desk's sweep. [ErrBusy] says that another
// process has it, [ErrNotDue] that it is too early; byHand makes any time the
// right one. One that was cut short goes on where it was.
func (s *Service) BeginSweep(ctx context.Context, desk DeskID, byHand bool) (begun Sweep, _ error) {
	err := s.changeSweep(ctx, desk, func(sw *Sweep) error {
		now := s.now()
		switch {
		case sw.busy(now):
			return ErrBusy
		case !byHand && now.Before(sw.NextAt):
			return ErrNotDue
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

// NoteSweep notes how far a sweep is, and prolongs its lease. It fails with
// [ErrBusy] when the lease was lost.
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
			return ErrBusy
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

// SettledVisits returns what visits to settled accounts would know, without
// taking leases: for looking, not for writing.
func (s *Service) SettledVisits(ctx context.Context, desk Desk, f SettledFilter) ([]Visit, error) {
	f.Desk = desk.ID
	accounts, err := s.store.SettledAccounts(ctx, f)
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[ConnectionID]Connection, len(connections))
	for _, c := range connections {
		byID[c.ID] = c
	}
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	visits := make([]Visit, len(accounts))
	for i, a := range accounts {
		visits[i] = Visit{Account: a, Desk: desk, Connection: byID[a.Connection]}
		visits[i].govern(rules)
	}
	return visits, nil
}

// SettledVisit is SettledVisits for one account; a NotFound error means that a
// visit is due by now, or under way.
func (s *Service) SettledVisit(ctx context.Context, desk Desk, id AccountID) (Visit, error) {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return Visit{}, err
	}
	found, err := s.SettledVisits(ctx, desk, SettledFilter{Users: []DeskUserID{a.DeskUser}})
	if err != nil {
		return Visit{}, err
	}
	for _, v := range found {
		if v.Account.ID == id {
			return v, nil
		}
	}
	return Visit{}, Errorf(NotFound, "account", "a visit to the account is due")
}

// NoteDrift notes that the desk of v, as [Service.SettledVisit] returned it,
// shows something else than it confirmed. With repair the account is visited;
// else the difference is kept, and told of in the audit log unless it is known
// already. noted is false when the account has changed in the meantime, so
// that the difference is the business of its next visit.
func (s *Service) NoteDrift(ctx context.Context, c Cause, v *Visit, found Drift, repair bool) (noted bool, _ error) {
	found.Account, found.Desk, found.Revision, found.FoundAt = v.Account.ID, v.Desk.ID, v.Account.Revision, s.now()
	err := s.inTx(ctx, func(tx Store) error {
		noted = false
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return err
		}
		if a.Due() || a.Revision != v.Account.Revision || a.LeaseUntil != nil || a.State != v.Account.State {
			return nil
		}
		noted = true
		known, err := tx.Drifts(ctx, DriftFilter{Account: a.ID})
		if err != nil {
			return err
		}
		policy := DriftReport
		if repair {
			policy = DriftRepair
			if err := tx.DeleteDrift(ctx, a.ID); err != nil {
				return err
			}
			if err := s.wake(ctx, tx, []Account{a}); err != nil {
				return err
			}
		} else {
			if len(known) == 1 && known[0].Same(found) {
				return nil
			}
			if err := tx.SaveDrift(ctx, found); err != nil {
				return err
			}
		}
		e := s.accountEntry(a, "account.drifted", map[string]any{"policy": policy, "differences": found.Words()})
		e.Cause = c
		return s.record(ctx, tx, e)
	})
	return noted, err
}

// DriftFilter selects drifts; empty fields select all.
type DriftFilter struct {
	Account AccountID
	Desk    DeskID
}

// Drifts returns the differences that were reported and are still there, as
// far as anybody knows, by account.
func (s *Service) Drifts(ctx context.Context, f DriftFilter) ([]Drift, error) {
	return s.store.Drifts(ctx, f)
}

// ClearDrift notes that a reported difference is gone.
func (s *Service) ClearDrift(ctx context.Context, id AccountID) error {
	return s.store.DeleteDrift(ctx, id)
}

// DeskHealth is what is known of a desk beyond its accounts.
type DeskHealth struct {
	Sweep   *Sweep // nil: never swept, and no turn yet
	Drifted int    // accounts with a reported difference
	Pause   *Pause // nil: it is called as needed
}

// DeskHealth returns what is known of each desk.
func (s *Service) DeskHealth(ctx context.Context) (map[DeskID]DeskHealth, error) {
	health := make(map[DeskID]DeskHealth)
	sweeps, err := s.store.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	for _, sw := range sweeps {
		health[sw.Desk] = DeskHealth{Sweep: &sw}
	}
	counts, err := s.store.CountDrifts(ctx)
	if err != nil {
		return nil, err
	}
	for desk, n := range counts {
		h := health[desk]
		h.Drifted = n
		health[desk] = h
	}
	pauses, err := s.store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pauses {
		if s.fresh(p) {
			h := health[p.Desk]
			h.Pause = &p
			health[p.Desk] = h
		}
	}
	return health, nil
}
