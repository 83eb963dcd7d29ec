package settings

import (
	"github.com/deskbridge/deskbridge/internal/recent"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Service keeps what admins configure. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	sessions    *session.Service
	tokens      *credential.Service
	checks      Checks
	now         provision.Clock
	seen        *recent.Finds[provision.Connection] // connections that were looked up, by name or id
}

// New returns a Service on store; checks are what others know of settings.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, sessions *session.Service, tokens *credential.Service, checks Checks, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, sessions: sessions, tokens: tokens, checks: checks, now: now,
		seen: recent.New[provision.Connection](mostSeen, presumedFor, now)}
}
