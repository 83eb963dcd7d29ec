package explanation

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store

	Connection(ctx context.Context, nameOrID string) (provision.Connection, error)
	Group(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error)
}

// Service explains what people have. It is safe for concurrent use.
type Service struct {
	store    Store
	settings *settings.Service
	now      provision.Clock
}

// New returns a Service on store. It asks configured what teams and mailboxes desks
// have.
func New(store Store, configured *settings.Service, now provision.Clock) *Service {
	return &Service{store: store, settings: configured, now: now}
}
