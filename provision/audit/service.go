package audit

import (
	"sync/atomic"

	"github.com/deskbridge/deskbridge/provision"
)

// Service writes, seals, verifies and reads the audit log. It is safe for
// concurrent use, by any number of processes on one database.
type Service struct {
	store    Store
	inTx     provision.InTx[Store]
	now      provision.Clock
	recorded atomic.Bool // something, by this process
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, now: now}
}
