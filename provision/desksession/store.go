package desksession

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	audit.Appender

	Connection(ctx context.Context, nameOrID string) (provision.Connection, error)
	Identity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error)
	LockIdentity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error)
	Desk(ctx context.Context, nameOrID string) (provision.Desk, error)
	LockAccount(ctx context.Context, id provision.AccountID) (provision.Account, error)
	SaveAccounts(ctx context.Context, accounts []provision.Account) error // inserts or replaces by id
	// TakeNames makes names on its desk the account's. A Conflict says that one
	// is another account's; what is written by then must be rolled back.
	TakeNames(ctx context.Context, a provision.Account, names []string) error
	AccountsOf(ctx context.Context, ids []provision.IdentityID) ([]provision.Account, error)         // by identity, desk
	Sessions(ctx context.Context, f provision.SessionFilter, limit int) ([]provision.Session, error) // that have not ended, newest first
	DeskSession(ctx context.Context, id provision.DeskSessionID) (Session, error)
	// OpenDeskSession returns the one of a session on a desk that has not ended.
	OpenDeskSession(ctx context.Context, session provision.SessionID, d provision.DeskID, p provision.Protocol) (Session, error)
	SaveDeskSession(ctx context.Context, a Session) error // inserts or replaces by id
	// LapsedDeskSessions returns up to limit that have not ended, although what they rest
	// on is gone. since, when not zero, leaves out what was gone before then: its
	// cost follows the changes, otherwise the desk sessions.
	LapsedDeskSessions(ctx context.Context, since time.Time, limit int) ([]Lapsed, error)
	// EndDeskSession ends one, and returns it; NotFound when it has ended already.
	EndDeskSession(ctx context.Context, id provision.DeskSessionID, why End, at time.Time) (Session, error)
	// DesksToNotify returns the desks of ended ones whose NotifyAt is not after now.
	DesksToNotify(ctx context.Context, now time.Time) ([]provision.DeskID, error)
	// ClaimLogoutNotices returns up to limit ended ones of a desk whose NotifyAt is
	// not after now, each with one more of Attempts; nobody else gets them before until.
	ClaimLogoutNotices(ctx context.Context, d provision.DeskID, now, until time.Time, limit int) ([]Session, error)
	// SweepDeskSessions deletes those that ended before ended and need not be notified, and
	// all that were not used after seen.
	SweepDeskSessions(ctx context.Context, ended, seen time.Time) error
}
