package entitlement

import (
	"context"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// EvaluateIn brings the accounts of people to what the rules now grant them, and
// enqueues a run for each account whose desk must change. The people's rows
// are locked by the caller, who has read the rules of their connection before:
// locks are taken in the order that [Store] gives.
func (s *Service) EvaluateIn(ctx context.Context, tx Store, conn provision.ConnectionID, rules []provision.Rule, people []provision.Identity) error {
	ids := make([]provision.IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	have, err := tx.LockAccountsOf(ctx, ids)
	if err != nil {
		return err
	}
	if len(rules) == 0 && len(have) == 0 {
		return nil
	}
	groups, err := Memberships(ctx, tx, conn, ids)
	if err != nil {
		return err
	}
	return s.Update(ctx, tx, conn, rules, people, have, groups)
}

// Update is [Service.EvaluateIn] for people whose accounts are known, and locked,
// and whose groups are known.
func (s *Service) Update(ctx context.Context, tx Store, conn provision.ConnectionID, rules []provision.Rule, people []provision.Identity, have []provision.Account, groups map[provision.IdentityID][]provision.Membership) error {
	accounts := make(map[provision.IdentityID]map[provision.DeskID]provision.Account)
	for _, a := range have {
		if accounts[a.Identity] == nil {
			accounts[a.Identity] = make(map[provision.DeskID]provision.Account)
		}
		accounts[a.Identity][a.Desk] = a
	}
	var changed []provision.Account
	var jobs []provision.Job
	for _, person := range people {
		for _, desk := range DesksOf(rules, accounts[person.ID]) {
			account, exists := accounts[person.ID][desk]
			desired := provision.Evaluate(rules, person, groups[person.ID], desk)
			if !exists && desired.Status != provision.AccessActive {
				continue
			}
			if !exists {
				account = provision.Account{ID: provision.NewID[provision.AccountID](), Identity: person.ID, Connection: conn, Desk: desk, CreatedAt: s.now()}
			}
			saved, job := s.setDesired(&account, person, desired)
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

// DesksOf returns the desks that rules name or that accounts are on, sorted.
func DesksOf(rules []provision.Rule, accounts map[provision.DeskID]provision.Account) []provision.DeskID {
	desks := make(map[provision.DeskID]bool)
	for _, r := range rules {
		desks[r.Desk] = true
	}
	for d := range accounts {
		desks[d] = true
	}
	return slices.Sorted(maps.Keys(desks))
}

// setDesired sets what account should be. It reports whether the row changed, and
// returns the run that follows when the desk must change.
func (s *Service) setDesired(a *provision.Account, person provision.Identity, desired provision.Access) (bool, *provision.Job) {
	manager := ""
	if m := person.Attributes[provision.AttributeManager]; len(m) > 0 {
		manager = m[0]
	}
	access := a.Desired.Same(desired) || a.State == provision.AccountEnded && desired.Status != provision.AccessActive
	sameDesk := a.Revision > 0 && access && (a.Profile == person.Profile && a.UserName == person.UserName || desired.Status != provision.AccessActive)
	sameRow := sameDesk && a.Manager == manager && slices.EqualFunc(a.Desired.Grants, desired.Grants, sameGrant) && a.Desired.Status == desired.Status
	if sameRow {
		return false, nil
	}
	now := s.now()
	a.UpdatedAt = now
	ending := desired.Status != provision.AccessActive
	switch {
	case !ending:
		a.EndingSince = nil
	case a.EndingSince == nil && a.State != provision.AccountEnded:
		a.EndingSince = &now
	}
	a.Desired, a.Manager = desired, manager
	if !ending {
		a.Profile, a.UserName = person.Profile, person.UserName
	}
	if sameDesk {
		return true, nil
	}
	a.Revision++
	a.State, a.Reason, a.ReasonCode, a.Attempts, a.RetryAt = provision.AccountWaiting, "", provision.ReasonNone, 0, nil
	job := provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Urgent: ending}
	if desired.Status == provision.AccessAbsent {
		job.At = a.EndingSince.Add(s.grace)
	}
	return true, &job
}

func sameGrant(a, b provision.Grant) bool {
	return a.Rule == b.Rule && a.Group == b.Group && a.GroupName == b.GroupName && slices.Equal(a.Via, b.Via)
}
