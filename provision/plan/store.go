package plan

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	settings.Store
	reconcile.Store

	Tokens(ctx context.Context, c provision.ConnectionID) ([]credential.Token, error) // "" for all; by time of creation
	CountActive(ctx context.Context, c provision.ConnectionID) (int, error)
	// EachIdentity calls fn for every identity of the connection that is not
	// removed, in batches by id.
	EachIdentity(ctx context.Context, c provision.ConnectionID, fn func([]provision.Identity) error) error
	// LeavingAccounts returns those whose access is to end and of which the desk has
	// not confirmed that it has; the first to end comes first.
	LeavingAccounts(ctx context.Context) ([]provision.Account, error)
	PeopleNames(ctx context.Context, ids []provision.IdentityID) ([]Person, error) // of those that there are, in any order
	// LastHeartbeat returns when a server last wrote that it lives; long ago
	// when none ever has.
	LastHeartbeat(ctx context.Context) (time.Time, error)
	CountAccounts(ctx context.Context) (map[provision.DeskID]map[provision.AccountState]int, error)
}
