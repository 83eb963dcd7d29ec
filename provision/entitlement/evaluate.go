package entitlement

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// EvaluateIn brings the accounts of people to what the rules now grant them, and
// enqueues a run for each account whose desk must change. The people's rows
// are locked by the caller, who has read the rules of their connection before:
// locks are taken in the order that [Store] gives. c is what has made it necessary.
func (s *Service) EvaluateIn(ctx context.Context, tx Store, c provision.Cause, conn provision.ConnectionID, rules []provision.Rule, people []provision.Identity) error {
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
	return s.Update(ctx, tx, c, conn, rules, people, have, groups)
}

// evaluateWhole is EvaluateIn for a batch of a connection that is evaluated as a
// whole: losses are those of the cause, and allowances are used.
func (s *Service) evaluateWhole(ctx context.Context, tx Store, conn provision.ConnectionID, rules []provision.Rule, next Whole) error {
	people, err := tx.LockIdentities(ctx, conn, next.People)
	if err != nil {
		return err
	}
	have, err := tx.LockAccountsOf(ctx, next.People)
	if err != nil || len(rules) == 0 && len(have) == 0 {
		return err
	}
	groups, err := Memberships(ctx, tx, conn, next.People)
	if err != nil {
		return err
	}
	ids := make([]provision.AccountID, len(have))
	for i := range have {
		ids[i] = have[i].ID
	}
	allowed, err := tx.TakeAllowances(ctx, ids)
	if err != nil {
		return err
	}
	return s.update(ctx, tx, conn, rules, people, have, groups, why{byItself, next.Cause, allowed})
}

// why says what made an evaluation necessary.
type why struct {
	by      provision.Cause
	cause   string                         // what an admin did, in words; "": nothing, the identity provider did
	allowed map[provision.AccountID]string // whose access may end by that, and who said so
}

// Update is [Service.EvaluateIn] for people whose accounts are known, and locked,
// and whose groups are known.
func (s *Service) Update(ctx context.Context, tx Store, c provision.Cause, conn provision.ConnectionID, rules []provision.Rule, people []provision.Identity, have []provision.Account, groups map[provision.IdentityID][]provision.Membership) error {
	return s.update(ctx, tx, conn, rules, people, have, groups, why{by: c})
}

func (s *Service) update(ctx context.Context, tx Store, conn provision.ConnectionID, rules []provision.Rule, people []provision.Identity, have []provision.Account, groups map[provision.IdentityID][]provision.Membership, why why) error {
	accounts := make(map[provision.IdentityID]map[provision.DeskID]provision.Account)
	for _, a := range have {
		if accounts[a.Identity] == nil {
			accounts[a.Identity] = make(map[provision.DeskID]provision.Account)
		}
		accounts[a.Identity][a.Desk] = a
	}
	var changed []provision.Account
	var jobs []provision.Job
	now := s.now()
	var entries []provision.Entry
	for _, person := range people {
		had, still := givenBy(accounts[person.ID]), unended(accounts[person.ID])
		has := false
		for _, desk := range DesksOf(rules, accounts[person.ID]) {
			account, exists := accounts[person.ID][desk]
			desired := provision.Evaluate(rules, person, groups[person.ID], desk, now)
			has = has || desired.Status == provision.AccessActive
			if !exists && desired.Status != provision.AccessActive {
				continue
			}
			if !exists {
				account = provision.Account{ID: provision.NewID[provision.AccountID](), Identity: person.ID, Connection: conn, Desk: desk, CreatedAt: now}
			}
			saved, job := s.setDesired(&account, person, desired, decided(&account, &person, rules, why.cause, now), now)
			if by, ok := why.allowed[account.ID]; ok && account.Loss.Since != nil && account.Loss.Verdict == provision.VerdictNone {
				account.Loss.Verdict, account.Loss.By = provision.VerdictReleased, by
				saved = true
			}
			if saved {
				changed = append(changed, account)
			}
			if job != nil {
				requestlog.Of(ctx).Account(string(person.ID) + " " + string(desk))
				jobs = append(jobs, *job)
			}
		}
		switch {
		case len(had) > 0 && !has && person.Active() && !idleOn(&person, had): // of who is suspended, removed or idle an entry tells already
			entries = append(entries, s.lostEntry(why, &person, rules, had, now))
		case len(had) == 0 && has && len(still) > 0: // else the desk will show that they are back
			e := s.audit.Entry(why.by, conn, audit.UserAccessRegained, string(person.ID))
			e.Detail = map[string]any{"desks": still}
			entries = append(entries, e)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := tx.SaveAccounts(ctx, changed); err != nil {
		return err
	}
	if len(entries) > 0 {
		if err := s.audit.Record(ctx, tx, entries...); err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, jobs...)
}

// givenBy returns what gives the access that is desired on these accounts, by desk;
// empty when none is.
func givenBy(accounts map[provision.DeskID]provision.Account) map[provision.DeskID][]provision.Grant {
	by := make(map[provision.DeskID][]provision.Grant)
	for desk, a := range accounts {
		if a.Desired.Status == provision.AccessActive {
			by[desk] = a.Desired.Grants
		}
	}
	return by
}

// unended returns the desks on which access of somebody active was to end and has
// not, sorted.
func unended(accounts map[provision.DeskID]provision.Account) (desks []provision.DeskID) {
	for desk, a := range accounts {
		if a.Loss.Since != nil && a.Loss.Person == provision.StatusActive && a.State != provision.AccountEnded {
			desks = append(desks, desk)
		}
	}
	slices.Sort(desks)
	return desks
}

// lostEntry is the entry of somebody active whom nothing gives access to any desk
// any more: what gave it until now, by ids.
func (s *Service) lostEntry(why why, person *provision.Identity, rules []provision.Rule, had map[provision.DeskID][]provision.Grant, now time.Time) provision.Entry {
	e := s.audit.Entry(why.by, person.Connection, audit.UserAccessLost, string(person.ID))
	var by, groups []string
	expired := true
	for _, grants := range had {
		_, all := ended(grants, rules, now)
		expired = expired && all
		for _, g := range grants {
			by = append(by, string(g.Rule))
			if g.Group != "" {
				groups = append(groups, string(g.Group))
			}
		}
	}
	e.Detail = map[string]any{"desks": slices.Sorted(maps.Keys(had)), "rules": provision.Sorted(by)}
	if len(groups) > 0 {
		e.Detail["groups"] = provision.Sorted(groups)
	}
	terms, _ := person.Terms.Why(now)
	at := strings.LastIndex(why.cause, byWhom)
	switch { // without the text of a rule, which may name people
	case terms != "":
		e.Detail["because"] = terms
	case expired:
		e.Detail["because"] = "the end of a rule"
	case at >= 0:
		e.Detail["because"] = "rules changed" + why.cause[at:]
	}
	return e
}

// idleOn reports whether each of the desks that somebody had is one where their seat was
// taken because they were idle.
func idleOn(person *provision.Identity, had map[provision.DeskID][]provision.Grant) bool {
	for desk := range had {
		if person.Terms.Idle.On(string(desk)) == nil {
			return false
		}
	}
	return true
}

// byWhom stands before the name of who did it, at the end of a cause in words.
const byWhom = " by "

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

// setDesired sets what account should be at now. It reports whether the row changed,
// and returns the run that follows when the desk must change.
func (s *Service) setDesired(a *provision.Account, person provision.Identity, desired provision.Access, d decision, now time.Time) (bool, *provision.Job) {
	manager := ""
	if m := person.Attributes[provision.AttributeManager]; len(m) > 0 {
		manager = m[0]
	}
	access := a.Desired.Same(desired) || a.State == provision.AccountEnded && desired.Status != provision.AccessActive
	ending := desired.Status != provision.AccessActive
	loss := a.Loss
	newLoss := false // which a run has to look at, whatever the desk is to show
	switch {
	case !ending:
		loss = provision.Loss{}
	case a.State != provision.AccountEnded && (loss.Since != nil || a.HasAccess()):
		newLoss = loss.Begin(person.Standing(now), d.cause, now)
		newLoss = d.pronounce(&loss, newLoss) || newLoss
	}
	sameDesk := a.Revision > 0 && access && !newLoss && (a.Profile == person.Profile && a.UserName == person.UserName || desired.Status != provision.AccessActive)
	sameRow := sameDesk && a.Manager == manager && slices.EqualFunc(a.Desired.Grants, desired.Grants, sameGrant) && a.Desired.Status == desired.Status && a.Loss == loss
	if sameRow {
		return false, nil
	}
	a.UpdatedAt, a.Loss = now, loss
	switch {
	case !ending:
		a.EndingSince = nil
	case a.EndingSince == nil && a.State != provision.AccountEnded:
		a.EndingSince = &now
	}
	a.Desired, a.Manager = desired, manager
	if !ending {
		a.Approval, a.Leaving = provision.Approval{}, leave.Course{} // there is nothing left to be approved, or to follow
		a.Profile, a.UserName = person.Profile, person.UserName
	}
	if sameDesk {
		return true, nil
	}
	a.Revision++
	a.State, a.Reason, a.ReasonCode, a.Attempts, a.RetryAt = provision.AccountWaiting, "", provision.ReasonNone, 0, nil
	job := provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn()}
	if desired.Status == provision.AccessAbsent {
		job.At = a.EndingSince.Add(s.grace)
	}
	return true, &job
}

func sameGrant(a, b provision.Grant) bool {
	return a.Rule == b.Rule && a.Group == b.Group && a.GroupName == b.GroupName && slices.Equal(a.Via, b.Via)
}
