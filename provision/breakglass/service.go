package breakglass

import (
	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Service signs break-glass admins in and out. It is safe for concurrent use,
// by any number of processes on one database.
type Service struct {
	store    Store
	inTx     provision.InTx[Store]
	audit    *audit.Service
	sessions *session.Service
	now      provision.Clock

	wrong *ratelimit.Limiter[provision.AdminID] // one-time codes beside a right password
	// One password is checked at a time: it takes 64 MiB, and a processor.
	// Whoever shows a right recovery code, which nobody guesses, has a queue of
	// their own: no crowd of strangers keeps an admin waiting.
	passwords, recoveries chan struct{}
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, sessions *session.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, sessions: sessions, now: now,
		wrong:     newThrottle(now),
		passwords: make(chan struct{}, 1), recoveries: make(chan struct{}, 1)}
}
