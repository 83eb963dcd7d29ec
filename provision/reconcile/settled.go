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
	if err != nil || len(accounts) == 0 {
		return nil, err
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
