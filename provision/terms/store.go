package terms

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	session.Ender

	// SaveTerms writes the terms of somebody whose row is locked, and when they have
	// to be looked at next; nil: not any more. The version of the person stays: for
	// the identity provider nothing has changed.
	SaveTerms(ctx context.Context, id provision.IdentityID, t provision.Terms, due *time.Time) error
	// DueTerms returns up to limit people of any connection, removed ones included,
	// whose terms have to be looked at, the longest due first.
	DueTerms(ctx context.Context, at time.Time, limit int) ([]provision.Identity, error)
	// UnreadEnds returns the connections whose [provision.Connection.ValidUntil] is another
	// one than their people's ends were read by.
	UnreadEnds(ctx context.Context) ([]provision.Connection, error)
	EndsRead(ctx context.Context, c provision.ConnectionID, attribute string) error                        // by that one they were
	EachIdentity(ctx context.Context, c provision.ConnectionID, fn func([]provision.Identity) error) error // as [plan.Store] has it
	// DueRules returns the rules whose end has passed and has not been seen to.
	DueRules(ctx context.Context, at time.Time) ([]provision.Rule, error)
	RuleSeen(ctx context.Context, id provision.RuleID) error // the end of a rule has been seen to
	LockRules(ctx context.Context) error                     // as [directory.Store] has it
}
