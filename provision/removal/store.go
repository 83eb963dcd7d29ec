package removal

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	settings.Store
	secondadmin.Store

	LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error)
	Tokens(ctx context.Context, c provision.ConnectionID) ([]credential.Token, error)
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; limit 0: all

	// CountAccess counts, by connection and desk, the accounts that have access by
	// the desk's last word and have not ended.
	CountAccess(ctx context.Context, s Scope) ([]AccessCount, error)
	// CountOf counts what else a connection has.
	CountOf(ctx context.Context, c provision.ConnectionID) (Counts, error)
	// CountUnended counts accounts whose user may have access on a desk, or on
	// which a worker is at now.
	CountUnended(ctx context.Context, s Scope, now time.Time) (int, error)
	// ConnectionsOn returns the connections with accounts on a desk.
	ConnectionsOn(ctx context.Context, d provision.DeskID) ([]provision.ConnectionID, error)
	// EndDeskSessions ends the desk sessions of a desk that have not ended, without a
	// logout notice, and returns how many these were.
	EndDeskSessions(ctx context.Context, d provision.DeskID, at time.Time) (int, error)
	// Removals returns the connections and desks that are being removed, by id.
	Removals(ctx context.Context) ([]provision.ConnectionID, []provision.DeskID, error)

	// DeletableAccounts returns up to limit ids of accounts that no worker is at,
	// with an id above after, by id.
	DeletableAccounts(ctx context.Context, s Scope, now time.Time, after provision.AccountID, limit int) ([]provision.AccountID, error)
	// DeleteAccounts deletes accounts with all that is about them.
	DeleteAccounts(ctx context.Context, ids []provision.AccountID) error
	// DeletePeople deletes up to limit people of a connection, who have no accounts,
	// and DeleteGroups so many memberships of its groups, and those without any.
	// more reports whether there may be others.
	DeletePeople(ctx context.Context, c provision.ConnectionID, limit int) (more bool, _ error)
	DeleteGroups(ctx context.Context, c provision.ConnectionID, limit int) (more bool, _ error)
	// DeleteConnection and DeleteDesk delete what is left.
	DeleteConnection(ctx context.Context, c provision.ConnectionID) error
	DeleteDesk(ctx context.Context, d provision.DeskID) error
}

// Scope selects the accounts of a connection or of a desk; one of the two is set.
type Scope struct {
	Connection provision.ConnectionID
	Desk       provision.DeskID
}

// AccessCount is how many people of a connection have access on a desk.
type AccessCount struct {
	Connection provision.ConnectionID
	Desk       provision.DeskID
	People     int
}

// Counts is how much of something there is.
type Counts struct {
	People   int // that are not removed
	Groups   int
	Sessions int // that have not ended
	Logins   int
}
