package report

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// Step is a step of a desk's on_leave that is still to come for somebody.
type Step struct {
	leave.Coming
	Account provision.Account
	Desk    provision.Desk
	Person  provision.Identity // without document, addresses and attributes
}

// Steps returns a page of the steps that are still to come on a desk, or with "" on all,
// in the order of the days that were noted for them; one that is asked about stands where
// the time for an answer is over. A desk that does it later by now does it later than its
// place says, and what a desk does not do any more is left out: a page may be shorter than
// asked for. next is what the page after it begins with; "" on the last.
func (s *Service) Steps(ctx context.Context, desk provision.DeskID, page Page) (found []Step, next string, _ error) {
	at, err := placeOf("steps", page.After)
	if err != nil {
		return nil, "", err
	}
	limit := page.limit()
	q := StepQuery{Desk: desk, AfterID: provision.AccountID(at.ID), Limit: limit + 1}
	if at.Order > 0 {
		q.AfterDue = time.UnixMicro(at.Order).UTC()
	}
	accounts, err := s.store.ListComingSteps(ctx, q)
	if err != nil || len(accounts) == 0 {
		return nil, "", err
	}
	if len(accounts) > limit {
		accounts = accounts[:limit]
		last := accounts[limit-1]
		next = place{List: "steps", Order: StepPlace(&last).UnixMicro(), ID: string(last.ID)}.text()
	}
	desks, people := make(map[provision.DeskID]provision.Desk), make(map[provision.IdentityID]provision.Identity)
	ids := make([]provision.IdentityID, len(accounts))
	for i, a := range accounts {
		ids[i] = a.Identity
		if _, known := desks[a.Desk]; !known {
			if desks[a.Desk], err = s.store.Desk(ctx, string(a.Desk)); err != nil {
				return nil, "", err
			}
		}
	}
	rows, err := s.store.PeopleRows(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		people[r.ID] = r.Identity
	}
	for i := range accounts {
		on := desks[accounts[i].Desk]
		if coming, ok := on.Coming(&accounts[i]); ok {
			found = append(found, Step{Coming: coming, Account: accounts[i], Desk: on, Person: people[accounts[i].Identity]})
		}
	}
	return found, next, nil
}

// StepPlace is where an account of which a step is to come stands in the order of
// [Service.Steps], beside its id.
func StepPlace(a *provision.Account) (at time.Time) {
	switch {
	case a.Approval.Due != nil:
		return *a.Approval.Due
	case a.Leaving.Due != nil:
		return *a.Leaving.Due
	}
	return at
}

// StepsToCome is how many steps are still to come on a desk.
type StepsToCome struct {
	Count int
	Asked int        // of these, which an admin is asked about
	Next  *time.Time // when the first of those whose day has not come is due; nil: there is none
}

// CountSteps returns how many steps are still to come, by desk; a desk of which none is
// to come is left out, and so is what one does not do any more.
func (s *Service) CountSteps(ctx context.Context) (map[provision.DeskID]StepsToCome, error) {
	counts, err := s.store.CountComingSteps(ctx)
	if err != nil || len(counts) == 0 {
		return nil, err
	}
	out := make(map[provision.DeskID]StepsToCome)
	for id, n := range counts {
		on, err := s.store.Desk(ctx, string(id))
		if err != nil {
			return nil, err
		}
		if on.Removal != provision.RemovalNone {
			continue
		}
		to := StepsToCome{Asked: n.Asked, Count: n.Asked}
		if on.OnLeave.Later() && n.Noted > 0 {
			to.Count, to.Next = to.Count+n.Noted, n.First
		}
		if to.Count > 0 {
			out[id] = to
		}
	}
	return out, nil
}
