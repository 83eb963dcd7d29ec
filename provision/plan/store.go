package plan

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/seating"
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
	// not confirmed that it has; the first to end comes first. Of a desk, "" for all; up to limit, 0 for all.
	LeavingAccounts(ctx context.Context, d provision.DeskID, limit int) ([]provision.Account, error)
	// WaitingCauses returns why accounts need attention or are on hold, of a desk ("": of all), the cause of the
	// first account first. Each names up to most accounts (0: all), whose people have ids alone.
	WaitingCauses(ctx context.Context, d provision.DeskID, most int) ([]Cause, error)
	ProposedIdle(ctx context.Context) (map[provision.DeskID]seating.Proposed, error) // whom idle policies leave to an admin; desks with nobody are left out
	// PeopleWithTerms returns those of whom an admin has said something, removed ones
	// included, and those of whom the identity provider has said an end before a moment, or
	// one that nobody can read; by id.
	PeopleWithTerms(ctx context.Context, before time.Time) ([]provision.Identity, error)
	PeopleNames(ctx context.Context, ids []provision.IdentityID) ([]Person, error) // of those that there are, in any order
	// CountDesired counts the accounts on a desk that should have access.
	CountDesired(ctx context.Context, d provision.DeskID) (int, error)
	// CountSignedIn counts the people of a connection who are signed in at now by a
	// protocol.
	CountSignedIn(ctx context.Context, c provision.ConnectionID, by provision.Protocol, now time.Time) (int, error)
	GroupNames(ctx context.Context, c provision.ConnectionID) ([]string, error) // displayNames of the groups of a connection
	// LastHeartbeat returns when a server last wrote that it lives; long ago
	// when none ever has.
	LastHeartbeat(ctx context.Context) (time.Time, error)
	// ListComingSteps is described with [report.Store].
	ListComingSteps(ctx context.Context, q report.StepQuery) ([]provision.Account, error)
	SeatsTakenOn(ctx context.Context, desks []provision.DeskID) (map[provision.DeskID]int, error)
	CountAccounts(ctx context.Context) (map[provision.DeskID]map[provision.AccountState]int, error)
}
