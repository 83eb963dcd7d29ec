package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Requeue makes accounts due for a run now; it locks them by id, all at once.
// The revision grows even where one is due: a run that is under way has looked
// already, and must not have the last word.
func (s *Service) Requeue(ctx context.Context, tx Store, accounts []provision.Account) error {
	if len(accounts) == 0 {
		return nil
	}
	ids := make([]provision.AccountID, len(accounts))
	for i := range accounts {
		ids[i] = accounts[i].ID
	}
	locked, err := tx.LockAccounts(ctx, ids)
	if err != nil {
		return err
	}
	jobs := make([]provision.Job, len(locked))
	for i := range locked {
		a := &locked[i]
		a.State, a.Reason, a.ReasonCode, a.Attempts, a.RetryAt, a.UpdatedAt = provision.AccountWaiting, "", provision.ReasonNone, 0, nil, s.now()
		a.Revision++
		jobs[i] = provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Urgent: a.Desired.Status != provision.AccessActive}
	}
	if err := tx.SaveAccounts(ctx, locked); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs...)
}
