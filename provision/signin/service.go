package signin

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Service is the only way to sign in. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	store     Store
	inTx      provision.InTx[Store]
	audit     *audit.Service
	directory *directory.Service
	access    *entitlement.Service
	sessions  *session.Service
	now       provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, people *directory.Service, entitlements *entitlement.Service, sessions *session.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, directory: people, access: entitlements, sessions: sessions, now: now}
}
