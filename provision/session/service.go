package session

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Service keeps sessions, one-time tokens and the replay cache. It is safe for
// concurrent use, by any number of processes on one database.
type Service struct {
	store  Store
	inTx   provision.InTx[Store]
	audit  *audit.Service
	policy Policy
	now    provision.Clock
}

// New returns a Service on store. Zero fields of policy mean their defaults.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, policy Policy, now provision.Clock) *Service {
	if policy.Idle == 0 {
		policy.Idle = 2 * time.Hour
	}
	if policy.Life == 0 {
		policy.Life = 12 * time.Hour
	}
	return &Service{store: store, inTx: inTx, audit: log, policy: policy, now: now}
}
