package desksession

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Service keeps our sessions in use at desks. It is safe for concurrent use,
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
