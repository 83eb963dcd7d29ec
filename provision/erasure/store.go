package erasure

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Store is what this package needs of a database.
type Store interface {
	audit.Appender

	// AnyIdentity returns a person of any connection, removed ones included.
	AnyIdentity(ctx context.Context, id provision.IdentityID) (provision.Identity, error)
	// LockRemoved is AnyIdentity that locks, and NotFound for somebody who is not
	// removed.
	LockRemoved(ctx context.Context, id provision.IdentityID) (provision.Identity, error)
	AccountsOf(ctx context.Context, list []provision.IdentityID) ([]provision.Account, error)
	LockAccountsOf(ctx context.Context, list []provision.IdentityID) ([]provision.Account, error)
	// CountTraces counts what there is of a person beside themselves and their
	// accounts.
	CountTraces(ctx context.Context, id provision.IdentityID) (Traces, error)
	Rules(ctx context.Context, c provision.ConnectionID) ([]provision.Rule, error) // "" for all
	Desks(ctx context.Context) ([]provision.Desk, error)
	// DeleteTraces deletes what CountTraces counts, and these accounts of the
	// person with all that is about them.
	DeleteTraces(ctx context.Context, id provision.IdentityID, accounts []provision.AccountID) error
	SaveIdentity(ctx context.Context, id provision.Identity) error // replaces the row with id.ID
}

// Traces is what there is of a person in other places.
type Traces struct {
	Logins       int `json:"logins"`
	Sessions     int `json:"sessions"`
	DeskSessions int `json:"desk_sessions"`
	Notices      int `json:"-"`       // of the desk sessions, those that have not ended or whose desk has not taken the logout notice
	Journal      int `json:"journal"` // writes on desks that are not closed
	Drifts       int `json:"drifts"`
	Jobs         int `json:"jobs"` // with what they failed by
	Running      int `json:"-"`    // of the jobs
}
