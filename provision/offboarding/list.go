package offboarding

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Which selects the records of [Service.List].
type Which struct {
	Since time.Time // that began then or later; those that are still open are listed whenever they began
	Open  bool      // only these
}

// List calls fn with the records of people who left and who had an account on a
// desk, the last first. It returns how many others were suspended or removed, who
// had access to nothing.
func (s *Service) List(ctx context.Context, which Which, fn func(Record) error) (others int, _ error) {
	people, err := s.leavers(ctx, which)
	if err != nil {
		return 0, err
	}
	w, err := s.world(ctx)
	if err != nil {
		return 0, err
	}
	var found []Record
	for _, id := range people {
		records, err := s.records(ctx, w, id)
		if err != nil {
			return others, err
		}
		for _, r := range records {
			switch {
			case r.Began.Before(which.Since) && r.Status != StillOpen, which.Open && r.Status != StillOpen:
			case len(r.Desks) == 0:
				others++
			default:
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(a, b Record) int { return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(a.Person.ID, b.Person.ID)) })
	for _, r := range found {
		if err := fn(r); err != nil {
			return others, err
		}
	}
	return others, nil
}

// leavers returns who has left since a time, or has not left wholly.
func (s *Service) leavers(ctx context.Context, which Which) ([]provision.IdentityID, error) {
	seen := make(map[provision.IdentityID]bool)
	leaving, err := s.store.LeavingAccounts(ctx, "", 0)
	if err != nil {
		return nil, err
	}
	for _, a := range leaving {
		seen[a.Identity] = true
	}
	f := audit.Filter{Actions: signals, Since: which.Since}
	err = s.audit.Find(ctx, f, func(e provision.Entry) error {
		seen[provision.IdentityID(e.Subject)] = true
		return nil
	})
	people := make([]provision.IdentityID, 0, len(seen))
	for id := range seen {
		people = append(people, id)
	}
	slices.Sort(people)
	return people, err
}
