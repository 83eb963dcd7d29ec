package reconcile

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
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
func (s *Service) SettledRuns(ctx context.Context, desk provision.Desk, f SettledFilter) ([]Run, error) {
	f.Desk = desk.ID
	accounts, err := s.store.SettledAccounts(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.runsOf(ctx, desk, accounts)
}

// runsOf returns what runs for accounts of a desk would know.
func (s *Service) runsOf(ctx context.Context, desk provision.Desk, accounts []provision.Account) ([]Run, error) {
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
		runs[i].Teams, runs[i].Mailboxes = scope(&a, rules)
	}
	return runs, nil
}

// SettledRun is SettledRuns for one account; a NotFound error means that a
// run is due by now, or under way.
func (s *Service) SettledRun(ctx context.Context, desk provision.Desk, id provision.AccountID) (Run, error) {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return Run{}, err
	}
	found, err := s.SettledRuns(ctx, desk, SettledFilter{Users: []provision.DeskUserID{a.DeskUser}})
	if err != nil {
		return Run{}, err
	}
	for _, r := range found {
		if r.Account.ID == id {
			return r, nil
		}
	}
	return Run{}, provision.Errorf(provision.NotFound, "account", "a run to the account is due")
}

// EndedRun is SettledRun for an account whose access has ended, whether or not
// a desk user is known: a NotFound error means that it has not, or not any more.
func (s *Service) EndedRun(ctx context.Context, desk provision.Desk, id provision.AccountID) (Run, error) {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return Run{}, err
	}
	if a.State != provision.AccountEnded || a.Due() || a.LeaseUntil != nil {
		return Run{}, provision.Errorf(provision.NotFound, "account", "access has not ended")
	}
	found, err := s.runsOf(ctx, desk, []provision.Account{a})
	if err != nil {
		return Run{}, err
	}
	return found[0], nil
}

// Ended returns some accounts of a desk whose access has ended, by id, after
// one.
func (s *Service) Ended(ctx context.Context, desk provision.DeskID, after provision.AccountID, limit int) ([]provision.Account, error) {
	return s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: desk, State: provision.AccountEnded, After: after}, limit)
}

// Holder returns which account other than own has a desk user, or which account's
// external id the user carries; "" when none of ours does.
func (s *Service) Holder(ctx context.Context, own provision.Account, u *provision.DeskUser) (provision.AccountID, error) {
	found, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: own.Desk, DeskUser: u.ID}, 1)
	if err != nil {
		return "", err
	}
	if len(found) > 0 && found[0].ID != own.ID {
		return found[0].ID, nil
	}
	if u.ExternalID == "" || u.ExternalID == string(own.ID) {
		return "", nil
	}
	a, err := s.store.Account(ctx, provision.AccountID(u.ExternalID))
	if provision.IsNotFound(err) {
		return "", nil
	}
	if err != nil || a.Desk != own.Desk {
		return "", err
	}
	return a.ID, nil
}
