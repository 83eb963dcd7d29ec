package signin

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	directory.Store
	session.Store

	Connection(ctx context.Context, nameOrID string) (provision.Connection, error)
	LockConnection(ctx context.Context, id provision.ConnectionID) (provision.Connection, error)
	Tokens(ctx context.Context, c provision.ConnectionID) ([]credential.Token, error) // "" for all; by time of creation
	// IdentitiesByExternalID returns two of those who have the externalId and are
	// not removed: enough to tell whether it is one person's. "" is nobody's.
	IdentitiesByExternalID(ctx context.Context, c provision.ConnectionID, externalID string) ([]provision.Identity, error)
	// LoadSignIn remembers what serves once, and reads and locks what decides on a
	// sign-in.
	LoadSignIn(ctx context.Context, q Question) (Loaded, error)
	// Login returns who is known by a login: NotFound when nobody is. The
	// person may be removed by now.
	Login(ctx context.Context, c provision.ConnectionID, p provision.Protocol, issuer, subject string) (provision.LoginKey, error)
	SaveTerms(ctx context.Context, id provision.IdentityID, t provision.Terms, due *time.Time) error // as [terms.Store] has it
	SaveGrant(ctx context.Context, g expiry.Grant) error                                             // as [expiry.Store] has it
	SaveLogin(ctx context.Context, l provision.LoginKey) error                                       // inserts or replaces by connection, protocol, issuer, subject
}
