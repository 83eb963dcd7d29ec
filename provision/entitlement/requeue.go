package entitlement

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// Requeue makes accounts due for a run now; it locks them by id, all at once.
// The revision grows even where one is due: a run that is under way has looked
// already, and must not have the last word.
func (s *Service) Requeue(ctx context.Context, tx Store, accounts []provision.Account) error {
	if len(accounts) == 0 {
		return nil
	}
	locked, err := LockThose(ctx, tx, accounts, func(*provision.Account) bool { return true })
	if err != nil {
		return err
	}
	jobs := make([]provision.Job, len(locked))
	for i := range locked {
		a := &locked[i]
		a.State, a.Reason, a.ReasonCode, a.Attempts, a.RetryAt, a.UpdatedAt = provision.AccountWaiting, "", provision.ReasonNone, 0, nil, s.now()
		a.Revision++
		jobs[i] = provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn()}
	}
	if err := tx.SaveAccounts(ctx, locked); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs...)
}

// LockThose locks accounts read before, by id, and returns those that which still
// selects.
func LockThose(ctx context.Context, tx Store, found []provision.Account, which func(*provision.Account) bool) ([]provision.Account, error) {
	ids := make([]provision.AccountID, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	locked, err := tx.LockAccounts(ctx, ids)
	return slices.DeleteFunc(locked, func(a provision.Account) bool { return !which(&a) }), err
}
