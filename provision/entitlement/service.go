package entitlement

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Service keeps accounts in line with what rules grant. It is safe for
// concurrent use, by any number of processes on one database.
type Service struct {
	store Store
	inTx  provision.InTx[Store]
	audit *audit.Service
	grace time.Duration
	now   provision.Clock
}

// New returns a Service on store. grace is how long a person who lost their
// last group keeps access: an IdP moves people between groups by a removal and
// an addition. It does not apply to people who are suspended or removed.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, grace time.Duration, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, grace: grace, now: now}
}
