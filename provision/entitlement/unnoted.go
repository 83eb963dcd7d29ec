package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// NoteLoss notes the loss of an account whose access is to end and that a process
// of a release before wrote, which notes none: it counts from now on, for those who
// come after it. The account is locked.
func NoteLoss(ctx context.Context, tx Store, a *provision.Account) error {
	if a.Loss.Since != nil || a.EndingSince == nil || !a.HasAccess() {
		return nil
	}
	people, err := tx.FindPeople(ctx, string(a.Identity))
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.ID == a.Identity {
			a.Loss = provision.Loss{Since: a.EndingSince, Person: p.Status}
			return tx.SaveAccounts(ctx, []provision.Account{*a})
		}
	}
	return nil
}
