package expiry

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Service ends and renews what sign-ins give. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	sessions    *session.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, sessions *session.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, sessions: sessions, now: now}
}

// Seen is somebody known by sign-in alone, and when they were last vouched for.
type Seen struct {
	Person provision.Identity
	At     time.Time // of the last sign-in, or of the identity provider's last answer that it vouches for them
}

// Watch is what is kept of a connection whose sign-ins expire.
type Watch struct {
	Expiry time.Duration // for which it is kept
	Since  time.Time     // nobody had to sign in before: the setting is new, or nobody could
	Last   time.Time     // the newest sign-in of the connection, when it was last looked at
}

// Store is what this package needs of a database. Look-ups of a single object return a
// NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	session.Ender

	Connection(ctx context.Context, nameOrID string) (provision.Connection, error)
	Connections(ctx context.Context) ([]provision.Connection, error)
	LoginsOf(ctx context.Context, id provision.IdentityID) ([]provision.LoginKey, error)
	SaveTerms(ctx context.Context, id provision.IdentityID, t provision.Terms, due *time.Time) error // as [terms.Store] has it

	// SignInOnly returns up to limit active people of a connection who are known by
	// sign-in alone, whose sign-in has not expired, and who were not vouched for after a
	// moment; who has waited longest comes first.
	SignInOnly(ctx context.Context, c provision.ConnectionID, after time.Time, limit int) ([]Seen, error)
	// LastSignIn returns when somebody of a connection last signed in, to the hour; the
	// zero time when nobody has.
	LastSignIn(ctx context.Context, c provision.ConnectionID) (time.Time, error)
	Watch(ctx context.Context, c provision.ConnectionID) (Watch, error)
	SaveWatch(ctx context.Context, c provision.ConnectionID, w Watch) error

	// GrantsOf returns the grants of a person's sign-ins, without their tokens.
	GrantsOf(ctx context.Context, id provision.IdentityID) ([]Grant, error)
	// NextGrant returns the grant of a connection that has been due longest at a moment.
	NextGrant(ctx context.Context, c provision.ConnectionID, at time.Time) (Grant, error)
	// SaveGrant writes a grant, in place of that of the same login. The generation goes
	// up by one, whatever the grant says.
	SaveGrant(ctx context.Context, g Grant) error
	// UpdateGrant writes a grant if it still has its generation, which goes up by one;
	// else it is NotFound.
	UpdateGrant(ctx context.Context, g Grant) error
	// DeleteGrant deletes a grant if it still has its generation; else it is NotFound.
	DeleteGrant(ctx context.Context, g Grant) error
	// DropGrantsOf deletes all grants of a connection.
	DropGrantsOf(ctx context.Context, c provision.ConnectionID) error
	// CountGrants counts the active people of a connection who are known by sign-in alone
	// and of whose sign-ins there is no grant, and the grants by which the identity provider
	// has not vouched for anybody since a moment, with the problem of one of them.
	CountGrants(ctx context.Context, c provision.ConnectionID, before time.Time) (Counts, error)
}

// Counts is how asking an identity provider about people goes.
type Counts struct {
	Unasked    int    // people about whom it cannot be asked until they sign in again
	Unanswered int    // about whom it has not answered for a while
	Problem    string // of one of these
}
