package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// DeskUserOf returns the desk user of the person whom the IdP names as
// somebody's manager: by id, externalId or userName. "" when there is none.
func (s *Service) DeskUserOf(ctx context.Context, conn provision.ConnectionID, desk provision.DeskID, name string) (provision.DeskUserID, error) {
	if name == "" {
		return "", nil
	}
	people, err := s.store.FindPeople(ctx, name)
	if err != nil {
		return "", err
	}
	for _, p := range people {
		if p.Connection != conn || !p.Active() {
			continue
		}
		accounts, err := s.store.AccountsOf(ctx, []provision.IdentityID{p.ID})
		if err != nil {
			return "", err
		}
		for _, a := range accounts {
			if a.Desk == desk && a.Origin != provision.OriginNone {
				return a.DeskUser, nil
			}
		}
	}
	return "", nil
}

// IsLeaving reports whether somebody of this name, which is one by which
// [Store].FindPeople finds people, has an account on a desk that is about to end.
func (s *Service) IsLeaving(ctx context.Context, desk provision.DeskID, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	people, err := s.store.FindPeople(ctx, name)
	if err != nil || len(people) == 0 {
		return false, err
	}
	ids := make([]provision.IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	accounts, err := s.store.AccountsOf(ctx, ids)
	for _, a := range accounts {
		if a.Desk == desk && a.Desired.Status != provision.AccessActive && a.State != provision.AccountEnded {
			return true, nil
		}
	}
	return false, err
}
