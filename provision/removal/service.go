package removal

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Hosting says which desks are kept here and nowhere else. With such a desk goes
// whatever is on it. The zero value hosts none.
type Hosting struct {
	Hosts func(kind provision.DeskKind) bool
	Drop  func(ctx context.Context, d provision.Desk) error // deletes a desk that is hosted; twice is as good as once
}

func (h Hosting) hosts(d provision.Desk) bool { return h.Hosts != nil && h.Hosts(d.Kind) }

// Service removes connections and desks. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	sessions    *session.Service
	tokens      *credential.Service
	settings    *settings.Service
	second      *secondadmin.Service
	hosting     Hosting
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, sessions *session.Service, tokens *credential.Service, configured *settings.Service, second *secondadmin.Service, hosting Hosting, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, sessions: sessions, tokens: tokens, settings: configured, second: second, hosting: hosting, now: now}
}
