package administration

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Service says who has which role, and changes it. It is safe for concurrent use,
// by any number of processes on one database.
type Service struct {
	store Store
	inTx  provision.InTx[Store]
	audit *audit.Service
	now   provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, now: now}
}

// StandingOf returns what a person may do, by the groups that they are in at this
// moment. Whoever is not admitted has none.
func (s *Service) StandingOf(ctx context.Context, person *provision.Identity) (have Standing, _ error) {
	if !person.Admitted(s.now()) {
		return have, nil
	}
	grants, err := s.store.ConsoleGrants(ctx, person.Connection)
	if err != nil || len(grants) == 0 {
		return have, err
	}
	groups, err := entitlement.Memberships(ctx, s.store, person.Connection, []provision.IdentityID{person.ID})
	if err != nil {
		return have, err
	}
	memberships := slices.Concat(groups[person.ID], person.Claimed())
	for _, g := range grants {
		for _, m := range memberships {
			if g.isTo(m) {
				have.add(g.Role, g.Reach)
				break
			}
		}
	}
	return have, nil
}
