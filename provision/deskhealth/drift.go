package deskhealth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// Drift is a difference between what a desk confirmed and what it shows now,
// found by a sweep under [provision.DriftReport]. It is gone when the account's Revision
// is another one: a run has looked since, or will.
type Drift struct {
	Account  provision.AccountID
	Identity provision.IdentityID // whose account it is, of one that was read
	Desk     provision.DeskID
	Revision int64 // of the account when the difference was found
	FoundAt  time.Time
	Writes   []reconcile.Write // what a run would write; none when it would ask a person first
	Reason   string            // what it would ask
}

// Same reports whether d tells of the same difference as other.
func (d *Drift) Same(other Drift) bool {
	return d.Account == other.Account && d.Revision == other.Revision && slices.Equal(d.Differences(), other.Differences())
}

// Differences says what differs, one difference each. They name nobody.
func (d *Drift) Differences() []string {
	if d.Reason != "" {
		return []string{d.Reason}
	}
	var words []string
	for _, st := range d.Writes {
		words = append(words, describe(st)...)
	}
	return words
}

// describe says which state of the desk makes a write necessary.
func describe(s reconcile.Write) (words []string) {
	say := func(format string, names ...string) {
		if len(names) > 0 {
			words = append(words, fmt.Sprintf(format, strings.Join(names, ", ")))
		}
	}
	switch s.Kind {
	case reconcile.WriteCreate:
		return []string{"the user is gone"}
	case reconcile.WriteActivate:
		return []string{"the user is deactivated"}
	case reconcile.WriteProfile:
		say("other %s", s.Names("fields")...)
	case reconcile.WriteRole:
		say("role %s", fmt.Sprintf("%v instead of %v", s.Detail["from"], s.Detail["to"]))
	case reconcile.WriteDeskRoles:
		say("without role %s", s.Names("add")...)
		say("with role %s", s.Names("remove")...)
	case reconcile.WriteTeams:
		say("missing from team %s", s.Names("add")...)
		say("in team %s", s.Names("remove")...)
	case reconcile.WriteMailboxes:
		say("without mailbox %s", s.Names("add")...)
		say("in mailbox %s", s.Names("remove")...)
	case reconcile.WriteDeactivate:
		return []string{"the user is active, although access has ended"}
	case reconcile.WriteDelete, reconcile.WriteAnonymize:
		return []string{"the user is there, although access has ended"}
	}
	return words
}

// NoteDrift notes that the desk of r shows something else than it confirmed; r
// is what [Service.SettledRun] returned. With repair the account is reconciled;
// else the difference is kept, and told of in the audit log unless it is known
// already. noted is false when the account has changed in the meantime, so
// that the difference is the business of its next run.
func (s *Service) NoteDrift(ctx context.Context, c provision.Cause, r *reconcile.Run, found Drift, repair bool) (noted bool, _ error) {
	found.Account, found.Desk, found.Revision, found.FoundAt = r.Account.ID, r.Desk.ID, r.Account.Revision, s.now()
	err := s.inTx(ctx, func(tx Store) error {
		noted = false
		a, err := tx.LockAccount(ctx, r.Account.ID)
		if err != nil {
			return err
		}
		if a.Due() || a.Revision != r.Account.Revision || a.LeaseUntil != nil || a.State != r.Account.State {
			return nil
		}
		noted = true
		known, err := tx.Drifts(ctx, DriftFilter{Account: a.ID})
		if err != nil {
			return err
		}
		policy := provision.DriftReport
		if repair {
			policy = provision.DriftRepair
			if err := tx.DeleteDrift(ctx, a.ID); err != nil {
				return err
			}
			if err := s.entitlement.Requeue(ctx, tx, []provision.Account{a}); err != nil {
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
		e := s.audit.Entry(c, a.Connection, audit.AccountDrifted, string(a.Identity))
		e.Desk, e.Account, e.Detail = a.Desk, a.ID, map[string]any{"policy": policy, "differences": found.Differences()}
		if a.DeskUser != "" {
			e.Detail["desk_user"] = string(a.DeskUser)
		}
		return s.audit.Record(ctx, tx, e)
	})
	return noted, err
}

// DriftFilter selects drifts; empty fields select all.
type DriftFilter struct {
	Account provision.AccountID
	Desk    provision.DeskID
}

// Drifts returns the differences that were reported and are still there, as
// far as anybody knows, by account.
func (s *Service) Drifts(ctx context.Context, f DriftFilter) ([]Drift, error) {
	return s.store.Drifts(ctx, f)
}

// ClearDrift notes that a reported difference is gone.
func (s *Service) ClearDrift(ctx context.Context, id provision.AccountID) error {
	return s.store.DeleteDrift(ctx, id)
}
