package provision

import (
	"context"
	"slices"
)

// Place is one desk on which a person has, had or should have an account.
type Place struct {
	Desk    Desk
	Account Account
}

// Usable reports whether the person can work with the account: it is wanted,
// and the desk has confirmed one.
func (a *Account) Usable() bool {
	return a.Wanted.Status == AccessActive && a.Granted.Status == AccessActive && a.DeskUser != ""
}

// AccountsOf returns a person's accounts with their desks.
func (s *Service) AccountsOf(ctx context.Context, person IdentityID) ([]Place, error) {
	accounts, err := s.store.AccountsOf(ctx, []IdentityID{person})
	if err != nil {
		return nil, err
	}
	out := make([]Place, len(accounts))
	for i, a := range accounts {
		desk, err := s.store.Desk(ctx, string(a.Desk))
		if err != nil {
			return nil, err
		}
		out[i] = Place{Desk: desk, Account: a}
	}
	return out, nil
}

// AccountOn returns a person's account on the desk with this name or id:
// NotFound when there is no such desk, or they never had one there.
func (s *Service) AccountOn(ctx context.Context, person IdentityID, deskNameOrID string) (Account, error) {
	desk, err := s.store.Desk(ctx, deskNameOrID)
	if err != nil {
		return Account{}, err
	}
	accounts, err := s.store.AccountsOf(ctx, []IdentityID{person})
	if err != nil {
		return Account{}, err
	}
	at := slices.IndexFunc(accounts, func(a Account) bool { return a.Desk == desk.ID })
	if at < 0 {
		return Account{}, Errorf(NotFound, "desk", "no account there")
	}
	return accounts[at], nil
}

// GroupsOf returns the groups that a person is in, those through nested groups
// too, and those that an IdP named at a sign-in.
func (s *Service) GroupsOf(ctx context.Context, person Identity) ([]Membership, error) {
	groups, err := memberships(ctx, s.store, person.Connection, []IdentityID{person.ID})
	return slices.Concat(groups[person.ID], person.claimed()), err
}
