package directory

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Service is the only way for what identity providers say of people and
// groups. It is safe for concurrent use, by any number of processes on one
// database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	sessions    *session.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, sessions *session.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, sessions: sessions, now: now}
}
