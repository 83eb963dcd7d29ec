package seat

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store

	Desks(ctx context.Context) ([]provision.Desk, error) // by name
	LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error)
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; limit 0: all
	SeatsTaken(ctx context.Context, d provision.DeskID) (int, error)
	// PeopleByID returns those of ids that exist, by id, without their documents.
	PeopleByID(ctx context.Context, ids []provision.IdentityID) ([]provision.Identity, error)
	IdlePeople(ctx context.Context) ([]provision.Identity, error) // whose seat was taken somewhere; by id
	SaveTerms(ctx context.Context, id provision.IdentityID, t provision.Terms, due *time.Time) error

	SeatCounts(ctx context.Context) (map[provision.DeskID]Counted, error)
	SaveSeatCount(ctx context.Context, d provision.DeskID, c Counted) error
	// DeskActivity returns what a desk has told of its users, by account; accounts of
	// which it has told nothing are left out. With ids only of those.
	DeskActivity(ctx context.Context, d provision.DeskID, ids ...provision.AccountID) (map[provision.AccountID]Activity, error)
	// SaveDeskActivity notes what a desk tells: a moment that is known stays where the
	// desk tells of an earlier one. Accounts that are gone are left out.
	SaveDeskActivity(ctx context.Context, d provision.DeskID, told []Activity) error
	// SaveProposed notes how many people are proposed on a desk of which seats were counted.
	SaveProposed(ctx context.Context, d provision.DeskID, p seating.Proposed) error
	// FindEntries returns up to limit entries that f selects, after place, by time and id.
	FindEntries(ctx context.Context, f audit.Filter, after audit.Place, limit int) ([]provision.Entry, error)
	// EntriesOf returns what happened to any of subjects, some hundreds at most, of the
	// kinds that actions name; by time and id.
	EntriesOf(ctx context.Context, subjects []string, actions []provision.Action) ([]provision.Entry, error)
	// SignInsSince returns who signed in to a desk through us since a moment, and when
	// last, from the audit log.
	SignInsSince(ctx context.Context, d provision.DeskID, since time.Time) (map[provision.IdentityID]time.Time, error)
}

// Counted is how many seats of a desk somebody has seen to be taken, by whomever.
type Counted struct {
	Used  int
	Limit int // 0: the desk does not tell, or has none
	By    CountedBy
	At    time.Time
}

// CountedBy says who has counted.
type CountedBy string

// Who has.
const (
	ByDesk     CountedBy = "desk"     // the desk itself, those made by hand included
	ByList     CountedBy = "list"     // a sweep, of all the users that the desk shows
	ByAccounts CountedBy = "accounts" // Deskbridge, of the accounts that it gave a seat: others are not known
)

// Activity is what a desk has told of when one of its users was there.
type Activity struct {
	Account provision.AccountID
	Last    time.Time // sign-in or activity there; zero: never
	ToldAt  time.Time // when the desk was last asked
}
