package deskhealth

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// SettledFilter selects accounts of a desk that no run is due for: ready or
// ended ones that Deskbridge made or adopted.
type SettledFilter struct {
	Desk  provision.DeskID
	Users []provision.DeskUserID // nil: whoever they are
	After provision.AccountID    // with a greater id
	Limit int                    // 0: all
}

// SettledRuns returns what runs for settled accounts would know, without
// taking leases: for looking, not for writing.
func (s *Service) SettledRuns(ctx context.Context, desk provision.Desk, f SettledFilter) ([]reconcile.Run, error) {
	f.Desk = desk.ID
	accounts, err := s.store.SettledAccounts(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.runs.RunsOf(ctx, desk, accounts)
}

// SettledRun is SettledRuns for one account; a NotFound error means that a
// run is due by now, or under way.
func (s *Service) SettledRun(ctx context.Context, desk provision.Desk, id provision.AccountID) (reconcile.Run, error) {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return reconcile.Run{}, err
	}
	found, err := s.SettledRuns(ctx, desk, SettledFilter{Users: []provision.DeskUserID{a.DeskUser}})
	if err != nil {
		return reconcile.Run{}, err
	}
	for _, r := range found {
		if r.Account.ID == id {
			return r, nil
		}
	}
	return reconcile.Run{}, provision.Errorf(provision.NotFound, "account", "a run to the account is due")
}

// EndedRun is SettledRun for an account whose access has ended, whether or not
// a desk user is known: a NotFound error means that it has not, or not any more.
func (s *Service) EndedRun(ctx context.Context, desk provision.Desk, id provision.AccountID) (reconcile.Run, error) {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return reconcile.Run{}, err
	}
	if a.State != provision.AccountEnded || a.Due() || a.LeaseUntil != nil {
		return reconcile.Run{}, provision.Errorf(provision.NotFound, "account", "access has not ended")
	}
	found, err := s.runs.RunsOf(ctx, desk, []provision.Account{a})
	if err != nil {
		return reconcile.Run{}, err
	}
	return found[0], nil
}

// Ended returns some accounts of a desk whose access has ended, by id, after
// one.
func (s *Service) Ended(ctx context.Context, desk provision.DeskID, after provision.AccountID, limit int) ([]provision.Account, error) {
	return s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: desk, State: provision.AccountEnded, After: after}, limit)
}
