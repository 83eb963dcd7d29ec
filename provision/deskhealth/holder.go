package deskhealth

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

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
