package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// NoteLoss notes the loss of an account whose access is to end and of which none is
// noted: a process of a release before wrote it, or its user was being made when access
// was to end. It counts from now on, for those who come after it. The account is locked.
func NoteLoss(ctx context.Context, tx Store, a *provision.Account) error {
	if a.Loss.Since != nil || a.EndingSince == nil || !a.HasAccess() {
		return nil
	}
	person, err := tx.AnyIdentity(ctx, a.Identity)
	if err != nil {
		return err
	}
	a.Loss = provision.Loss{Since: a.EndingSince, Person: person.Standing(*a.EndingSince)}
	if cause, by := person.Terms.Why(*a.EndingSince); by != "" {
		decision{cause: cause, by: by, terms: true}.pronounce(&a.Loss, true)
	}
	return tx.SaveAccounts(ctx, []provision.Account{*a})
}
