package settings

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	session.Ender
	credential.Saver

	Connection(ctx context.Context, nameOrID string) (provision.Connection, error)
	// ConnectionAhead returns a context under which nothing is answered and
	// nothing changed before judge has seen what Connection finds; see
	// [credential.Store].
	ConnectionAhead(ctx context.Context, nameOrID string, judge func(provision.Connection, error) error) (under context.Context, confirm func() error)
	LockConnection(ctx context.Context, id provision.ConnectionID) (provision.Connection, error)
	Connections(ctx context.Context) ([]provision.Connection, error) // by name
	SaveConnection(ctx context.Context, c provision.Connection) error
	// LockRules waits for every transaction that has read rules, and lets no
	// other read them until this one ends.
	LockRules(ctx context.Context) error
	SaveRule(ctx context.Context, r provision.Rule) error
	DeleteRule(ctx context.Context, id provision.RuleID) error
	Desks(ctx context.Context) ([]provision.Desk, error) // by name
	SaveDesk(ctx context.Context, d provision.Desk) error
	// MeantUnits returns what names in rules mean on a desk, by kind and name.
	MeantUnits(ctx context.Context, d provision.DeskID) ([]Meant, error)
	Keys(ctx context.Context, use KeyUse) ([]Key, error) // newest first, retired ones included
	// LockKeys keeps others from making or changing keys until the transaction
	// ends.
	LockKeys(ctx context.Context) error
	SaveKey(ctx context.Context, k Key) error
	DomainClaims(ctx context.Context, c provision.ConnectionID) ([]DomainClaim, error) // "" for all; by domain
	SaveDomainClaim(ctx context.Context, d DomainClaim) error
	DeleteDomainClaim(ctx context.Context, c provision.ConnectionID, domain string) error
	// Metadata returns what was last fetched for a connection.
	Metadata(ctx context.Context, c provision.ConnectionID) (Metadata, error)
	SaveMetadata(ctx context.Context, m Metadata) error
}
