package provision

import (
	"context"
	"maps"
	"slices"
)

// dirtyBatch is how many dirty people one transaction evaluates.
const dirtyBatch = 500

// evaluate brings the accounts of people to what the rules now grant them, and
// enqueues a visit for each account whose desk must change. The people's rows
// are locked by the caller, who has read the rules of their connection before:
// locks are taken in the order that [Store] gives.
func (s *Service) evaluate(ctx context.Context, tx Store, conn ConnectionID, rules []Rule, people []Identity) error {
	ids := make([]IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	held, err := tx.LockAccountsOf(ctx, ids)
	if err != nil {
		return err
	}
	if len(rules) == 0 && len(held) == 0 {
		return nil
	}
	groups, err := memberships(ctx, tx, conn, ids)
	if err != nil {
		return err
	}
	return s.grant(ctx, tx, conn, rules, people, held, groups)
}

// grant is [Service.evaluate] for people whose accounts are known, and locked,
// and whose groups are known.
func (s *Service) grant(ctx context.Context, tx Store, conn ConnectionID, rules []Rule, people []Identity, held []Account, groups map[IdentityID][]Membership) error {
	accounts := make(map[IdentityID]map[DeskID]Account)
	for _, a := range held {
		if accounts[a.Identity] == nil {
			accounts[a.Identity] = make(map[DeskID]Account)
		}
		accounts[a.Identity][a.Desk] = a
	}
	var changed []Account
	var jobs []Job
	for _, person := range people {
		for _, desk := range desksOf(rules, accounts[person.ID]) {
			account, exists := accounts[person.ID][desk]
			wanted := Evaluate(rules, person, groups[person.ID], desk)
			if !exists && wanted.Status != AccessActive {
				continue
			}
			if !exists {
				account = Account{ID: NewID[AccountID](), Identity: person.ID, Connection: conn, Desk: desk, CreatedAt: s.now()}
			}
			saved, job := s.want(&account, person, wanted)
			if saved {
				changed = append(changed, account)
			}
			if job != nil {
				jobs = append(jobs, *job)
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := tx.SaveAccounts(ctx, changed); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs...)
}

// desksOf returns the desks that rules name or that accounts are on, sorted.
func desksOf(rules []Rule, accounts map[DeskID]Account) []DeskID {
	desks := make(map[DeskID]bool)
	for _, r := range rules {
		desks[r.Desk] = true
	}
	for d := range accounts {
		desks[d] = true
	}
	return slices.Sorted(maps.Keys(desks))
}

// want sets what account should be. It reports whether the row changed, and
// returns the visit that follows when the desk must change.
func (s *Service) want(a *Account, person Identity, wanted Access) (bool, *Job) {
	manager := ""
	if m := person.Attributes[AttributeManager]; len(m) > 0 {
		manager = m[0]
	}
	access := a.Wanted.Same(wanted) || a.State == AccountEnded && wanted.Status != AccessActive
	sameDesk := a.Revision > 0 && access && (a.Profile == person.Profile || wanted.Status != AccessActive)
	sameRow := sameDesk && a.Manager == manager && slices.EqualFunc(a.Wanted.Grants, wanted.Grants, sameGrant) && a.Wanted.Status == wanted.Status
	if sameRow {
		return false, nil
	}
	now := s.now()
	a.UpdatedAt = now
	ending := wanted.Status != AccessActive
	switch {
	case !ending:
		a.EndingSince = nil
	case a.EndingSince == nil && a.State != AccountEnded:
		a.EndingSince = &now
	}
	a.Wanted, a.Manager = wanted, manager
	if !ending {
		a.Profile = person.Profile
	}
	if sameDesk {
		return true, nil
	}
	a.Revision++
	a.State, a.Reason, a.Attempts, a.RetryAt = AccountWaiting, "", 0, nil
	job := Job{Kind: JobVisit, Account: a.ID, Urgent: ending}
	if wanted.Status == AccessAbsent {
		job.At = a.EndingSince.Add(s.grace)
	}
	return true, &job
}

func sameGrant(a, b Grant) bool {
	return a.Rule == b.Rule && a.Group == b.Group && a.GroupName == b.GroupName && slices.Equal(a.Via, b.Via)
}

// EvaluateDirty evaluates the people of a connection that are marked dirty, in
// batches of one transaction each, until none is left.
func (s *Service) EvaluateDirty(ctx context.Context, conn ConnectionID) error {
	for {
		n := 0
		err := s.inTx(ctx, func(tx Store) error {
			rules, err := tx.Rules(ctx, conn)
			if err != nil {
				return err
			}
			ids, err := tx.Dirty(ctx, conn, dirtyBatch)
			if err != nil {
				return err
			}
			if n = len(ids); n == 0 {
				return nil
			}
			people, err := tx.LockIdentities(ctx, conn, ids)
			if err != nil {
				return err
			}
			if err := s.evaluate(ctx, tx, conn, rules, people); err != nil {
				return err
			}
			return tx.ClearDirty(ctx, conn, ids)
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// markDirty has the access of everybody in group evaluated by a worker; with
// "" that of the whole connection. Rules are locked by the caller: otherwise
// somebody who enters one of the groups below at the same moment would be
// missed, because neither transaction sees what the other has written.
func (s *Service) markDirty(ctx context.Context, tx Store, conn ConnectionID, group GroupID) error {
	if err := tx.MarkDirty(ctx, conn, group); err != nil {
		return err
	}
	return tx.Enqueue(ctx, Job{Kind: JobEvaluate, Connection: conn})
}
