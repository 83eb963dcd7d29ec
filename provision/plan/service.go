package plan

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Service plans and applies configurations, and tells what needs a person.
// It is safe for concurrent use, by any number of processes on one database.
type Service struct {
	// SilentAfter is how long an identity provider may be silent before an
	// overview says so; 0: three days; negative: it never does. Set it before the
	// Service is used.
	SilentAfter time.Duration
	// SignIns knows whose sign-in expires soon; nil: nobody's does. Set it before the
	// Service is used.
	SignIns *expiry.Service

	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	reconcile   *reconcile.Service
	health      *deskhealth.Service
	settings    *settings.Service
	second      *secondadmin.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, runs *reconcile.Service, health *deskhealth.Service, configured *settings.Service, second *secondadmin.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, reconcile: runs, health: health, settings: configured, second: second, now: now}
}
