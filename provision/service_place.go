package provision

import "context"

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
