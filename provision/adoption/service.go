package adoption

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// Service keeps lists of desk users, and adopts them. It is safe for concurrent use,
// by any number of processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	brake       *reconcile.Service
	now         provision.Clock
}

// New returns a Service on store. It asks brake what mass-change protection allows.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, brake *reconcile.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, brake: brake, now: now}
}

// Roster is the last list of a desk's users that was read to its end.
type Roster struct {
	Desk     provision.DeskID
	ListedAt time.Time            // when reading it began: nothing of it is newer than its end
	Self     provision.DeskUserID // our own user there
	Users    int                  // that have a role
}

// Listing is a list of a desk's users that is being read. The zero value keeps
// nothing. It belongs to one goroutine.
type Listing struct {
	service *Service
	roster  Roster
	seen    map[provision.DeskUserID]bool
}

// Begin begins to keep a list of a desk, whose own user of ours is self. Until
// [Listing.End] the one before counts.
func (s *Service) Begin(d provision.DeskID, self provision.DeskUserID) *Listing {
	return &Listing{service: s, roster: Roster{Desk: d, ListedAt: s.now(), Self: self}, seen: make(map[provision.DeskUserID]bool)}
}

// Note keeps a page of users. Those without a role are no agents, but customers on
// many desks: nothing is kept of them.
func (l *Listing) Note(ctx context.Context, users []provision.DeskUser) error {
	if l == nil {
		return nil
	}
	var kept []provision.DeskUser
	for _, u := range users {
		if u.Role != provision.RoleNone && u.Role != "" && !l.seen[u.ID] { // a user may have moved to a later page
			l.seen[u.ID] = true
			u.GivenName, u.FamilyName, u.Title, u.Phone, u.Timezone = "", "", "", "", "" // nobody needs them here
			kept = append(kept, u)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return l.service.inTx(ctx, func(tx Store) error { return tx.SaveListed(ctx, l.roster.Desk, l.roster.ListedAt, kept) })
}

// End makes the list the one that counts: it was read to its end.
func (l *Listing) End(ctx context.Context) error {
	if l == nil {
		return nil
	}
	l.roster.Users = len(l.seen)
	return l.service.inTx(ctx, func(tx Store) error { return tx.CompleteList(ctx, l.roster) })
}

// Roster returns the last complete list of a desk; NotFound when there has been none.
func (s *Service) Roster(ctx context.Context, d provision.Desk) (Roster, error) {
	r, err := s.store.Roster(ctx, d.ID)
	if provision.IsNotFound(err) {
		return r, provision.Errorf(provision.NotFound, "desk", "the users of desk %s have not been listed to the end yet, or its API lists none; `deskbridge desk sweep %s` reads them now", d.Name, d.Name)
	}
	return r, err
}
