package reconcile

import (
	"cmp"
	"maps"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/internal/share"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// Service leases accounts to workers and notes what came of it. It is safe for
// concurrent use, by any number of processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	grace       time.Duration
	brakes      Brake
	second      *secondadmin.Service
	now         provision.Clock

	turns   *share.Pool[provision.ConnectionID] // one decides about losses of a connection at a time
	holding sync.Map                            // connections and desks for which [Service.HoldOthers] is under way
}

// New returns a Service on store; grace is that of [entitlement.New]. Zero
// fields of brake mean their defaults; a nil second: no release needs a second admin.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, grace time.Duration, brake Brake, second *secondadmin.Service, now provision.Clock) *Service {
	brake.People, brake.Percent, brake.Window = cmp.Or(brake.People, 5), cmp.Or(brake.Percent, 10), cmp.Or(brake.Window, 10*time.Minute)
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, grace: grace, brakes: brake, second: second, now: now, turns: share.New[provision.ConnectionID](1, 0)}
}

// accountEntry is an audit entry of a worker about an account.
func (s *Service) accountEntry(a provision.Account, action provision.Action, detail map[string]any) provision.Entry {
	e := s.audit.Entry(provision.Cause{Actor: "worker", Action: "reconcile"}, a.Connection, action, string(a.Identity))
	e.Desk, e.Account, e.Detail = a.Desk, a.ID, detail
	if a.DeskUser != "" {
		e.Detail = maps.Collect(maps.All(detail))
		e.Detail["desk_user"] = string(a.DeskUser)
	}
	return e
}
