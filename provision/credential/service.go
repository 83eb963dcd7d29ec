package credential

import (
	"log/slog"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Service makes, checks, rotates and revokes tokens. It is safe for concurrent
// use, by any number of processes on one database.
type Service struct {
	store Store
	inTx  provision.InTx[Store]
	audit *audit.Service
	now   provision.Clock
	log   *slog.Logger
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, now provision.Clock, logger *slog.Logger) *Service {
	return &Service{store: store, inTx: inTx, audit: log, now: now, log: logger}
}
