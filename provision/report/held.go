package report

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// HeldID is an account that mass-change protection has on hold, by its ids.
type HeldID struct {
	Account provision.AccountID
	Person  provision.IdentityID
	Code    provision.ReasonCode // [provision.ReasonRejected]: it was decided that they keep their access
	Cause   string               // what took the access away; "": the identity provider pushed it
}

// HeldIDs returns what is on hold of a connection, by account.
func (s *Service) HeldIDs(ctx context.Context, conn provision.ConnectionID) ([]HeldID, error) {
	return s.store.HeldIDs(ctx, conn)
}

// Held is an account on hold, and whose it is.
type Held struct {
	Account provision.Account
	Person  provision.Identity
}

// Held returns up to [MaxLimit] accounts that are on hold of a connection, with ids greater than after, by id.
func (s *Service) Held(ctx context.Context, conn provision.ConnectionID, after provision.AccountID, limit int) ([]Held, error) {
	accounts, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Connection: conn, State: provision.AccountOnHold, After: after}, min(limit, MaxLimit))
	if err != nil {
		return nil, err
	}
	ids := make([]provision.IdentityID, len(accounts))
	for i, a := range accounts {
		ids[i] = a.Identity
	}
	people, err := s.PeopleByID(ctx, ids)
	byID := make(map[provision.IdentityID]provision.Identity, len(people))
	for _, p := range people {
		byID[p.ID] = p
	}
	found := make([]Held, len(accounts))
	for i, a := range accounts {
		found[i] = Held{a, byID[a.Identity]}
	}
	return found, err
}
