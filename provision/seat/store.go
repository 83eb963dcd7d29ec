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
	SeatsTakenOn(ctx context.Context, desks []provision.DeskID) (map[provision.DeskID]int, error)
	// PeopleByID returns those of ids that exist, by id, without their documents.
	PeopleByID(ctx context.Context, ids []provision.IdentityID) ([]provision.Identity, error)
	IdlePeople(ctx context.Context) ([]provision.Identity, error) // whose seat was taken somewhere; by id
	SaveTerms(ctx context.Context, id provision.IdentityID, t provision.Terms, due *time.Time) error

	SeatCounts(ctx context.Context) (map[provision.DeskID]Counted, error)
	SaveSeatCount(ctx context.Context, d provision.DeskID, c Counted) error
	// Sitters returns who is active on a desk, as it has shown, with few columns; in no order.
	Sitters(ctx context.Context, f SitterFilter) ([]Sitter, error)
	// SeatsSince returns since when people have had their seat on the desk of f, or have it
	// again, or were away no more: whatever was last, by the audit log. Whoever it tells nothing of is left out.
	SeatsSince(ctx context.Context, f SitterFilter) (map[provision.IdentityID]time.Time, error)
	// UntoldAccounts returns up to limit accounts with access on a desk, by id, of whose
	// users it has not told since a moment.
	UntoldAccounts(ctx context.Context, d provision.DeskID, since time.Time, limit int) ([]provision.Account, error)
	// SaveDeskActivity notes what a desk tells: a moment that is known stays where the
	// desk tells of an earlier one. Accounts that are gone are left out.
	SaveDeskActivity(ctx context.Context, d provision.DeskID, told []Activity) error
	// SaveProposed notes how many people are proposed on a desk of which seats were counted.
	SaveProposed(ctx context.Context, d provision.DeskID, p seating.Proposed) error
	// EntriesFor returns up to limit entries of a few kinds, before a moment (zero: all) and
	// after place, by time and id: what happened to whom, where, and the detail.
	EntriesFor(ctx context.Context, actions []provision.Action, until time.Time, after audit.Place, limit int) ([]provision.Entry, error)
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

// SitterFilter selects people who are active on a desk.
type SitterFilter struct {
	Desk   provision.DeskID
	Person provision.IdentityID // "": all
	Unseen time.Time            // without those whom the desk says to have been there since; zero: with them
}

// Sitter is somebody active on a desk, and what is known of when they were there.
type Sitter struct {
	Account   provision.AccountID
	Person    provision.IdentityID
	Role      provision.Role  // as the desk has shown it
	Terms     provision.Terms // of the person
	CreatedAt time.Time       // of the account
	Last      time.Time       // sign-in or activity there, as the desk tells; zero: never, or it does not tell
	ToldAt    time.Time       // when the desk was last asked; zero: it does not tell
	SignedIn  time.Time       // through us, the last time; zero: never
}
