package credential

import (
	"log/slog"

	"github.com/deskbridge/deskbridge/internal/recent"
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
	seen  *recent.Finds[sighting] // bearer tokens that were let in, by hash
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, now provision.Clock, logger *slog.Logger) *Service {
	return &Service{store: store, inTx: inTx, audit: log, now: now, log: logger,
		seen: recent.New[sighting](mostSeen, touchEvery, now)} // after that, the use is to be noted again
}
