package reconcile

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
