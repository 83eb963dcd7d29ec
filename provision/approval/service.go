package approval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	audit.Appender

	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; 0: all
	// OverdueApprovals returns up to limit accounts of which an answer was due at a
	// moment, the longest due first.
	OverdueApprovals(ctx context.Context, at time.Time, limit int) ([]provision.Account, error)
}

// Service has admins decide. It is safe for concurrent use, by any number of
// processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, now: now}
}

// List returns the accounts of which an answer is waited for, by id.
func (s *Service) List(ctx context.Context) ([]provision.Account, error) {
	return s.store.AccountsWhere(ctx, provision.AccountFilter{Approval: true}, 0)
}

// Approve has what was asked about an account carried out, and Refuse has the user
// stay deactivated. Where nothing is asked it is Invalid. Where the desk does something
// else with leavers by now, approval is Stale, and it is asked anew. Where the desk
// wants a second admin, whoever had access end is Denied.
func (s *Service) Approve(ctx context.Context, c provision.Cause, id provision.AccountID) (provision.Account, error) {
	return s.answer(ctx, c, id, provision.VerdictReleased)
}

// Refuse is described with [Service.Approve].
func (s *Service) Refuse(ctx context.Context, c provision.Cause, id provision.AccountID) (provision.Account, error) {
	return s.answer(ctx, c, id, provision.VerdictRejected)
}

func (s *Service) answer(ctx context.Context, c provision.Cause, id provision.AccountID, v provision.Verdict) (a provision.Account, _ error) {
	var stale error
	err := s.inTx(ctx, func(tx Store) (err error) {
		stale = nil
		if a, err = tx.LockAccount(ctx, id); err != nil {
			return err
		}
		if !a.Approval.Open() {
			return provision.Errorf(provision.Invalid, "account", "nothing about this account waits for approval; `deskbridge approval list` shows what does")
		}
		on, err := tx.Desk(ctx, string(a.Desk))
		if err != nil {
			return err
		}
		if on.Approve.Second && v == provision.VerdictReleased && samePerson(a.Loss.By, c.Who()) {
			return provision.Errorf(provision.Denied, "account", "desk %s wants a second admin, and %s had this access end; have somebody else approve it", on.Name, a.Loss.By)
		}
		if v == provision.VerdictReleased && a.Approval.What != on.OnLeave.ForGood() {
			stale = provision.Errorf(provision.Stale, "account", "this was asked when desk %s said on_leave: %s, and it says %s by now; `deskbridge approval list` shows in a moment what waits", on.Name, a.Approval.What, cmp.Or(on.OnLeave, provision.LeaveDeactivate))
			return s.entitlement.Requeue(ctx, tx, []provision.Account{a})
		}
		return s.pronounce(ctx, tx, c, &a, v)
	})
	return a, cmp.Or(err, stale)
}

// samePerson reports whether two actors are one person of the operating system,
// whichever host they work on.
func samePerson(a, b string) bool {
	user := func(actor string) string {
		name, _, _ := strings.Cut(actor, "@")
		return name
	}
	return a != "" && user(a) == user(b)
}

// pronounce notes an answer about an account, which is locked, and has it carried out.
func (s *Service) pronounce(ctx context.Context, tx Store, c provision.Cause, a *provision.Account, v provision.Verdict) error {
	a.Approval.Verdict, a.Approval.By, a.Approval.Due, a.UpdatedAt = v, c.Who(), nil, s.now()
	action := audit.ApprovalRefused
	if v == provision.VerdictReleased {
		action = audit.ApprovalApproved
	}
	if err := s.audit.Record(ctx, tx, s.entry(c, a, action)); err != nil {
		return err
	}
	if err := tx.SaveAccounts(ctx, []provision.Account{*a}); err != nil || v != provision.VerdictReleased {
		return err
	}
	return s.entitlement.Requeue(ctx, tx, []provision.Account{*a})
}

func (s *Service) entry(c provision.Cause, a *provision.Account, action provision.Action) provision.Entry {
	e := s.audit.Entry(c, a.Connection, action, string(a.Identity))
	e.Desk, e.Account, e.Detail = a.Desk, a.ID, map[string]any{"what": a.Approval.What}
	return e
}

// byClock is who answers when nobody does.
var byClock = provision.Cause{Actor: "system", Action: "approve_timeout"}

// overdueAtOnce is how many questions one round sees to.
const overdueAtOnce = 200

// Pass sees to the questions that nobody has answered in time, as the desk says. It
// returns those that are asked again: admins are to be told.
func (s *Service) Pass(ctx context.Context) (again []provision.Account, _ error) {
	overdue, err := s.store.OverdueApprovals(ctx, s.now(), overdueAtOnce)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, found := range overdue {
		asked := false
		err := s.inTx(ctx, func(tx Store) error {
			asked = false
			a, err := tx.LockAccount(ctx, found.ID)
			now := s.now()
			if err != nil || !a.Approval.Open() || a.Approval.Due == nil || a.Approval.Due.After(now) {
				return err
			}
			on, err := tx.Desk(ctx, string(a.Desk))
			if err != nil {
				return err
			}
			switch on.Approve.Then {
			case provision.ThenKeep:
				return s.pronounce(ctx, tx, byClock, &a, provision.VerdictRejected)
			case provision.ThenCarryOut:
				if a.Approval.What == on.OnLeave.ForGood() {
					return s.pronounce(ctx, tx, byClock, &a, provision.VerdictReleased)
				}
			case "", provision.ThenAsk:
			}
			due := on.Approve.After(now)
			a.Approval.Due, a.UpdatedAt, asked, found = &due, now, true, a
			if err := s.audit.Record(ctx, tx, s.entry(byClock, &a, audit.ApprovalOverdue)); err != nil {
				return err
			}
			if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil || a.Approval.What == on.OnLeave.ForGood() {
				return err
			}
			return s.entitlement.Requeue(ctx, tx, []provision.Account{a}) // the run asks about what the desk does by now
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("account %s: %w", found.ID, err))
		} else if asked {
			again = append(again, found)
		}
	}
	return again, errors.Join(failed...)
}
