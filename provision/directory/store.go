package directory

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	session.Ender

	Connections(ctx context.Context) ([]provision.Connection, error) // by name
	Identity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error)
	LockIdentity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error)
	// Person is Identity and Edges of one person by one look-up. The identity
	// is brief; see [provision.Query].
	Person(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, []provision.Edge, error)
	Identities(ctx context.Context, c provision.ConnectionID, q provision.Query) (provision.Page[provision.Identity], error)
	// LoadForUpdate locks a person and their accounts, and reads what decides on
	// them, in as few round trips as the database allows.
	LoadForUpdate(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (ForUpdate, error)
	// ExistingMatches reads what decides on somebody who is about to be added
	// under userName and externalID with addresses, which are folded. It locks
	// SameExternalID and SignInOnly.
	ExistingMatches(ctx context.Context, c provision.ConnectionID, userName, externalID string, addresses []string) (ExistingMatches, error)
	InsertIdentity(ctx context.Context, id provision.Identity) error
	SaveIdentity(ctx context.Context, id provision.Identity) error // replaces the row with id.ID
	// Tombstones returns removed people who may be the same person as one of this
	// userName and externalId, the newest first: the newest with the userName, where
	// the externalId is the same or one of the two has none, and the newest few with
	// the externalId, whatever they are called. See [ExistingMatches].
	Tombstones(ctx context.Context, c provision.ConnectionID, userName, externalID string) ([]provision.Identity, error)
	// FindPeople returns the people of any connection, removed ones included,
	// whose id, userName, externalId or e-mail address is text; live ones first.
	FindPeople(ctx context.Context, text string) ([]provision.Identity, error)
	Group(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error)
	LockGroup(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error)
	// LoadGroupForUpdate is Rules and LockGroup, in as few round trips
	// as the database allows.
	LoadGroupForUpdate(ctx context.Context, c provision.ConnectionID, id provision.GroupID) ([]provision.Rule, provision.Group, error)
	Groups(ctx context.Context, c provision.ConnectionID, q provision.Query) (provision.Page[provision.Group], error)
	InsertGroup(ctx context.Context, g provision.Group) error
	SaveGroup(ctx context.Context, g provision.Group) error
	// DeleteGroup deletes a group with its member rows, and takes it out of all
	// groups as RemoveMemberships does.
	DeleteGroup(ctx context.Context, c provision.ConnectionID, id provision.GroupID, at time.Time) error
	Members(ctx context.Context, g provision.GroupID) ([]provision.Member, error) // in the order in which they were added
	// MembersOf is Members of several groups of the connection at once.
	MembersOf(ctx context.Context, c provision.ConnectionID, ids []provision.GroupID) (map[provision.GroupID][]provision.Member, error)
	// LockMembers tells which of add and remove exist in the connection, and what
	// they are. It locks the people among them: those of add lest one who is
	// being removed at this moment leaves a membership behind, and those of
	// remove because they are evaluated next, and people are locked by id.
	LockMembers(ctx context.Context, c provision.ConnectionID, add, remove []provision.MemberID) (map[provision.MemberID]provision.MemberKind, error)
	// AddMembers and RemoveMembers return those that really were added or
	// removed. Their cost follows len(ids), not the size of the group.
	AddMembers(ctx context.Context, c provision.ConnectionID, g provision.GroupID, members []provision.Member) ([]provision.MemberID, error)
	RemoveMembers(ctx context.Context, g provision.GroupID, ids []provision.MemberID) ([]provision.MemberID, error)
	// RemoveMemberships takes a member out of all groups and returns those, which
	// have changed at this time and have a new version.
	RemoveMemberships(ctx context.Context, id provision.MemberID, at time.Time) ([]provision.GroupID, error)
	// Search answers q; see [Service.Search].
	Search(ctx context.Context, c provision.ConnectionID, q provision.Search) (provision.Finding, error)
	// LockRules waits for every transaction that has read rules, and lets no
	// other read them until this one ends.
	LockRules(ctx context.Context) error
	SaveRule(ctx context.Context, r provision.Rule) error
	LoginsOf(ctx context.Context, id provision.IdentityID) ([]provision.LoginKey, error)
	DeleteLogins(ctx context.Context, f provision.LoginFilter) error // all that f selects; Invalid when it selects everything
	// MoveAccounts gives the accounts of one identity to another.
	MoveAccounts(ctx context.Context, from, to provision.IdentityID) (int, error)
}
