package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Requeue makes accounts due for a visit now. The revision grows even where one is
// due: a visit that is under way has looked already, and must not have the last
// word.
func (s *Service) Requeue(ctx context.Context, tx Store, accounts []provision.Account) error {
	jobs := make([]provision.Job, 0, len(accounts))
	for i := range accounts {
		a, err := tx.LockAccount(ctx, accounts[i].ID)
		if err != nil {
			return err
		}
		a.State, a.Reason, a.Attempts, a.RetryAt, a.UpdatedAt = provision.AccountWaiting, "", 0, nil, s.now()
		a.Revision++
		accounts[i] = a
		jobs = append(jobs, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Urgent: a.Desired.Status != provision.AccessActive})
	}
	if len(jobs) == 0 {
		return nil
	}
	if err := tx.SaveAccounts(ctx, accounts); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs...)
}
