package entitlement

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Whole is the next part of a connection that is evaluated as a whole. The zero
// value is none: there is no such evaluation, or another worker is at it.
type Whole struct {
	People []provision.IdentityID
	Cause  string // what an admin did, in words; "": the identity provider did
	Last   bool   // nobody comes after these
}

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	audit.Appender

	// LockIdentities returns those of ids that exist, removed ones included,
	// by id.
	LockIdentities(ctx context.Context, c provision.ConnectionID, ids []provision.IdentityID) ([]provision.Identity, error)
	// FindPeople returns the people of any connection, removed ones included,
	// whose id, userName, externalId or e-mail address is text; live ones first.
	FindPeople(ctx context.Context, text string) ([]provision.Identity, error)
	// AnyIdentity returns a person of any connection, removed ones included.
	AnyIdentity(ctx context.Context, id provision.IdentityID) (provision.Identity, error)
	// MarkDirty notes at a time that the access of people must be evaluated anew:
	// those that are in group, through nested groups too, or with "" everybody of
	// the connection. Its cost follows neither the size of the group nor that
	// of the connection.
	MarkDirty(ctx context.Context, c provision.ConnectionID, group provision.GroupID, at time.Time) error
	// MarkPeople is MarkDirty of people whose rows are locked by the caller.
	MarkPeople(ctx context.Context, c provision.ConnectionID, ids []provision.IdentityID, at time.Time) error
	// MarkWhole is MarkDirty of everybody, with what an admin did that made it
	// necessary.
	MarkWhole(ctx context.Context, c provision.ConnectionID, cause string, at time.Time) error
	// NextDirty returns up to limit people of a connection that is to be
	// evaluated as a whole, and goes on from there the next time: the caller
	// evaluates them in the same transaction.
	NextDirty(ctx context.Context, c provision.ConnectionID, limit int) (Whole, error)
	// AllowLosses notes who allows people to lose the access that they have on a desk,
	// and returns how many accounts these are; see [Service.AllowLosses].
	AllowLosses(ctx context.Context, d provision.DeskID, people []provision.IdentityID, by string) (int, error)
	// TakeAllowances ends the allowances of accounts, and returns who gave each;
	// DropAllowances ends those of a connection.
	TakeAllowances(ctx context.Context, ids []provision.AccountID) (map[provision.AccountID]string, error)
	DropAllowances(ctx context.Context, c provision.ConnectionID) error
	// Dirty returns up to limit ids that are marked, and ClearDirty unmarks.
	Dirty(ctx context.Context, c provision.ConnectionID, limit int) ([]provision.IdentityID, error)
	ClearDirty(ctx context.Context, c provision.ConnectionID, ids []provision.IdentityID) error
	GroupByName(ctx context.Context, c provision.ConnectionID, name string) (provision.Group, error) // ignores letter case
	// Edges returns every row of membership on the way up from ids: theirs,
	// those of the groups they are in, and so on.
	Edges(ctx context.Context, c provision.ConnectionID, ids []provision.MemberID) ([]provision.Edge, error)
	// Rules returns the rules of a connection, or with "" all, by id. Inside a
	// transaction it also makes sure that no LockRules succeeds until the
	// transaction ends.
	Rules(ctx context.Context, c provision.ConnectionID) ([]provision.Rule, error)
	Desk(ctx context.Context, nameOrID string) (provision.Desk, error)
	LockAccount(ctx context.Context, id provision.AccountID) (provision.Account, error)
	LockAccounts(ctx context.Context, ids []provision.AccountID) ([]provision.Account, error) // those that exist, by id
	AccountsOf(ctx context.Context, ids []provision.IdentityID) ([]provision.Account, error)  // by identity, desk
	LockAccountsOf(ctx context.Context, ids []provision.IdentityID) ([]provision.Account, error)
	SaveAccounts(ctx context.Context, accounts []provision.Account) error // inserts or replaces by id
	Enqueue(ctx context.Context, jobs ...provision.Job) error
}
