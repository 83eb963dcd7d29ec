package offboarding

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Store is what this package needs of a database beside the audit log.
type Store interface {
	// AnyIdentity returns a person of any connection, removed ones included.
	AnyIdentity(ctx context.Context, id provision.IdentityID) (provision.Identity, error)
	Account(ctx context.Context, id provision.AccountID) (provision.Account, error)
	AccountsOf(ctx context.Context, list []provision.IdentityID) ([]provision.Account, error)
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error)
	// LeavingAccounts returns the accounts whose access is to end and has not, the
	// oldest first.
	LeavingAccounts(ctx context.Context, d provision.DeskID, limit int) ([]provision.Account, error) // of a desk, "": of all; up to limit, 0: all
	// JournalOf returns the open writes of accounts.
	JournalOf(ctx context.Context, accounts []provision.AccountID) ([]reconcile.Write, error)
	// Drifts returns the reported differences of an account.
	Drifts(ctx context.Context, f deskhealth.DriftFilter) ([]deskhealth.Drift, error)
	// Sessions returns the sessions that have not ended.
	Sessions(ctx context.Context, f provision.SessionFilter, limit int) ([]provision.Session, error)
	// OpenDeskSessions returns the desk sessions of a person that have not ended,
	// or whose desk has not taken the logout notice.
	OpenDeskSessions(ctx context.Context, id provision.IdentityID) ([]desksession.Session, error)
	Group(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error)
	Desks(ctx context.Context) ([]provision.Desk, error)
	Connections(ctx context.Context) ([]provision.Connection, error)
	Keys(ctx context.Context, use settings.KeyUse) ([]settings.Key, error) // newest first, retired ones included
	// Endings returns what [provision.Account.EndDetail] says of the access that
	// desks have confirmed to be over since a time, by time.
	Endings(ctx context.Context, since time.Time) ([]Ending, error)
}

// Ending is access to a desk that has ended, as the desk showed it.
type Ending struct {
	Desk  provision.DeskID
	At    time.Time // read back
	Since time.Time // when it was to end
}
