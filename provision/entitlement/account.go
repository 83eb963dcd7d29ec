package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// DeskAccount is one desk on which a person has, had or should have an account.
type DeskAccount struct {
	Desk    provision.Desk
	Account provision.Account
}

// AccountsOf returns a person's accounts with their desks.
func (s *Service) AccountsOf(ctx context.Context, person provision.IdentityID) ([]DeskAccount, error) {
	accounts, err := s.store.AccountsOf(ctx, []provision.IdentityID{person})
	if err != nil {
		return nil, err
	}
	out := make([]DeskAccount, len(accounts))
	for i, a := range accounts {
		desk, err := s.store.Desk(ctx, string(a.Desk))
		if err != nil {
			return nil, err
		}
		out[i] = DeskAccount{Desk: desk, Account: a}
	}
	return out, nil
}
