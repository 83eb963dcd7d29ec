package reconcile

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Brake stops mass changes: when more than max(People, Percent % of the people
// with access to a desk) of one connection lose access within Window, their
// destructive writes wait until an admin releases them. People without access
// count for nothing: a support team of forty must be safe in a company of ten
// thousand.
type Brake struct {
	Off     bool
	People  int           // default 5
	Percent int           // default 10
	Window  time.Duration // default 10 min
}

// brake returns a [OnHoldError] when the account's end must wait for an admin.
// The connection and the account are locked.
func (s *Service) brake(ctx context.Context, tx Store, conn provision.Connection, a provision.Account) (onHold error, _ error) {
	if s.brakes.Off || a.EndingSince == nil || conn.ReleasedAt != nil && !a.EndingSince.After(*conn.ReleasedAt) {
		return nil, nil
	}
	ending, limit, err := s.massOf(ctx, tx, conn)
	if err != nil {
		return nil, err
	}
	if ending > limit {
		return s.putOnHold(ctx, tx, conn, a, ending, limit)
	}
	if conn.HeldAt == nil {
		return nil, nil
	}
	waiting, err := s.braked(ctx, tx, conn)
	if err != nil {
		return nil, err
	}
	if waiting {
		return s.putOnHold(ctx, tx, conn, a, ending, limit)
	}
	return nil, s.unbrake(ctx, tx, conn)
}

// massOf returns how many people of a connection have begun to lose access
// lately, and how many may before an admin is asked.
func (s *Service) massOf(ctx context.Context, tx Store, conn provision.Connection) (ending, limit int, _ error) {
	ending, err := tx.PeopleEnding(ctx, conn.ID, s.massSince(conn))
	if err != nil {
		return 0, 0, err
	}
	if ending <= s.brakes.People {
		return ending, s.brakes.People, nil // few: no need to count everybody
	}
	staying, err := tx.PeopleWithAccess(ctx, conn.ID)
	if err != nil {
		return 0, 0, err
	}
	return ending, s.brakes.limit(staying + ending), nil
}

// massSince is since when those count who begin to lose access.
func (s *Service) massSince(conn provision.Connection) time.Time {
	since := s.now().Add(-s.brakes.Window)
	if conn.ReleasedAt != nil && conn.ReleasedAt.After(since) {
		since = *conn.ReleasedAt
	}
	return since
}

// limit is how many of so many people may lose access before an admin is asked.
func (b Brake) limit(people int) int { return max(b.People, people*b.Percent/100) }

// braked reports whether any account of the connection is on hold.
func (s *Service) braked(ctx context.Context, tx Store, conn provision.Connection) (bool, error) {
	waiting, err := tx.AccountsWhere(ctx, provision.AccountFilter{Connection: conn.ID, State: provision.AccountOnHold}, 1)
	return len(waiting) > 0, err
}

// unbrake notes that everything that was on hold has been taken back at the IdP.
func (s *Service) unbrake(ctx context.Context, tx Store, conn provision.Connection) error {
	conn.HeldAt = nil
	if err := tx.SaveConnection(ctx, conn); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, s.audit.Entry(provision.Cause{Actor: "system", Action: "brake"}, conn.ID, audit.BrakeCleared, string(conn.ID)))
}

// clearBrake lets go of a brake that holds nobody any more.
func (s *Service) clearBrake(ctx context.Context, id provision.ConnectionID) error {
	return s.inTx(ctx, func(tx Store) error {
		conn, err := tx.LockConnection(ctx, id)
		if err != nil || conn.HeldAt == nil {
			return err
		}
		waiting, err := s.braked(ctx, tx, conn)
		if err != nil || waiting {
			return err
		}
		return s.unbrake(ctx, tx, conn)
	})
}

// putOnHold keeps an account from being reconciled until an admin releases its
// connection, or the IdP takes back what it did.
func (s *Service) putOnHold(ctx context.Context, tx Store, conn provision.Connection, a provision.Account, ending, limit int) (onHold error, _ error) {
	now := s.now()
	var entries []provision.Entry
	if conn.HeldAt == nil {
		conn.HeldAt = &now
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return nil, err
		}
		e := s.audit.Entry(provision.Cause{Actor: "system", Action: "brake"}, conn.ID, audit.BrakeHeld, string(conn.ID))
		e.Detail = map[string]any{"people_ending": ending, "limit": limit}
		entries = append(entries, e)
	}
	if a.State != provision.AccountOnHold {
		a.State, a.ReasonCode, a.UpdatedAt = provision.AccountOnHold, provision.ReasonMassChange, now
		a.Reason = "on hold: unusually many people of this connection lost access at once; check the IdP, then run `deskbridge connection release " + conn.Name + "`"
		if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil {
			return nil, err
		}
		entries = append(entries, s.accountEntry(a, audit.AccountOnHold, nil))
	}
	return &OnHoldError{}, s.audit.Record(ctx, tx, entries...)
}

// ReleaseConnection lets go what mass-change protection holds: every account
// on hold is reconciled, and access that ends from now on is counted anew. It
// returns how many accounts that are.
func (s *Service) ReleaseConnection(ctx context.Context, c provision.Cause, nameOrID string) (released int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		conn, err := tx.Connection(ctx, nameOrID)
		if err != nil {
			return err
		}
		if conn, err = tx.LockConnection(ctx, conn.ID); err != nil {
			return err
		}
		now := s.now()
		conn.HeldAt, conn.ReleasedAt = nil, &now
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		onHold, err := tx.AccountsWhere(ctx, provision.AccountFilter{Connection: conn.ID, State: provision.AccountOnHold}, 0)
		if err != nil {
			return err
		}
		released = len(onHold)
		if err := s.entitlement.Requeue(ctx, tx, onHold); err != nil {
			return err
		}
		entry := s.audit.Entry(c, conn.ID, audit.BrakeReleased, string(conn.ID))
		entry.Detail = map[string]any{"accounts": released}
		return s.audit.Record(ctx, tx, entry)
	})
	return released, err
}
