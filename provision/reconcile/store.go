package reconcile

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	secondadmin.Store

	Connection(ctx context.Context, nameOrID string) (provision.Connection, error)
	LockConnection(ctx context.Context, id provision.ConnectionID) (provision.Connection, error)
	Connections(ctx context.Context) ([]provision.Connection, error) // by name
	SaveConnection(ctx context.Context, c provision.Connection) error
	LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error)
	Account(ctx context.Context, id provision.AccountID) (provision.Account, error)
	// LoadRun locks an account, and its connection too when that is asked for,
	// and reads what a run has to know: all of [Run] but Teams and Mailboxes,
	// which follow from the rules of the account's connection.
	LoadRun(ctx context.Context, a provision.Account, lockConnection bool) (Run, []provision.Rule, error)
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; limit 0: all
	// DueAccounts returns accounts that are due at now but were not touched
	// since before: lost jobs, workers that died. Leased ones, those whose
	// RetryAt is still to come, those on hold, and those that need attention without a RetryAt
	// are not among them. Of those that were touched after ahead, by a clock
	// that has been set back since, no time counts.
	DueAccounts(ctx context.Context, now, before, ahead time.Time, limit int) ([]provision.Account, error)
	// TakeNames makes names on its desk the account's, and those that it had
	// before nobody's. A Conflict says that one is another account's; what is
	// written by then must be rolled back.
	TakeNames(ctx context.Context, a provision.Account, names []string) error
	NameHolders(ctx context.Context, d provision.DeskID, names []string) ([]provision.Account, error) // whose they are, by id
	// AccountOfUser returns the account that is about a user of the desk.
	AccountOfUser(ctx context.Context, d provision.DeskID, user provision.DeskUserID) (provision.Account, error)
	SeatsTaken(ctx context.Context, d provision.DeskID) (int, error)
	// CountLosses counts the people of a connection with a loss that began after since
	// and not after until, that was neither released nor rejected, and that is on a
	// desk that is not being removed; explicit counts those of them with such a loss
	// that is explicit. PeopleWithAccess counts those who have access that is to stay
	// on some desk.
	CountLosses(ctx context.Context, c provision.ConnectionID, since, until time.Time) (all, explicit int, _ error)
	PeopleWithAccess(ctx context.Context, c provision.ConnectionID) (int, error)
	// EvaluationPending reports whether somebody is still to be evaluated who was
	// marked until at.
	EvaluationPending(ctx context.Context, c provision.ConnectionID, at time.Time) (bool, error)
	// JournalWrites journals writes and returns them with their ids; OpenWrites
	// returns those of an account that no CloseWrites has closed, by id.
	JournalWrites(ctx context.Context, writes []Write) ([]Write, error)
	// MarkTried notes of journalled writes that they are about to be tried.
	MarkTried(ctx context.Context, ids []int64) error
	CloseWrites(ctx context.Context, ids []int64) error
}
