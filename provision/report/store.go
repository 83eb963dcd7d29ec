package report

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	Connections(ctx context.Context) ([]provision.Connection, error) // by name
	Desk(ctx context.Context, nameOrID string) (provision.Desk, error)
	Rules(ctx context.Context, c provision.ConnectionID) ([]provision.Rule, error)                        // "" for all; by id
	AccountsOf(ctx context.Context, ids []provision.IdentityID) ([]provision.Account, error)              // by identity, desk
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; limit 0: all
	HeldIDs(ctx context.Context, c provision.ConnectionID) ([]HeldID, error)                              // by account
	Group(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error)
	GroupByName(ctx context.Context, c provision.ConnectionID, name string) (provision.Group, error) // ignores letter case

	// ListPeople returns people of one connection by userName, from behind a place on.
	ListPeople(ctx context.Context, q PeopleQuery) ([]PersonRow, error)
	// ListGroups returns groups of one connection by displayName, from behind a place on.
	ListGroups(ctx context.Context, q GroupQuery) ([]GroupRow, error)
	// ListMembers returns direct members of a group in the order in which they were
	// added, from behind a place on.
	ListMembers(ctx context.Context, g provision.GroupID, after int64, limit int) ([]MemberRow, error)
	// CountMembers counts direct members by their kind.
	CountMembers(ctx context.Context, g provision.GroupID) (people, groups int, _ error)
	// ListAccess returns accounts that have access on a desk, as the desk confirmed
	// it, by state and id, from behind a place on.
	ListAccess(ctx context.Context, q AccessQuery) ([]provision.Account, error)
	// ListComingSteps returns accounts whose access has ended and of which a later step
	// was noted, or is asked about, by when that is due and id, from behind a place on.
	ListComingSteps(ctx context.Context, q StepQuery) ([]provision.Account, error)
	// CountComingSteps counts them by desk.
	CountComingSteps(ctx context.Context) (map[provision.DeskID]StepCount, error)
	// PeopleRows returns those of ids that there are, in any order.
	PeopleRows(ctx context.Context, ids []provision.IdentityID) ([]PersonRow, error)
	// AccessEntries returns audit entries about people on a desk, by time, from
	// behind a place on.
	AccessEntries(ctx context.Context, q EntryQuery) ([]provision.Entry, error)
	Sessions(ctx context.Context, f provision.SessionFilter, limit int) ([]provision.Session, error) // that have not ended, newest first
	LoginsOf(ctx context.Context, id provision.IdentityID) ([]provision.LoginKey, error)
	// PeopleBeginning returns userNames of people who are not removed that begin
	// with a prefix, by name.
	PeopleBeginning(ctx context.Context, prefix string, limit int) ([]string, error)
	// GroupsBeginning is the same of the displayNames of groups.
	GroupsBeginning(ctx context.Context, prefix string, limit int) ([]string, error)
	// OpenSessionsLike returns up to limit ids, of sessions that have not ended,
	// that begin or end with part.
	OpenSessionsLike(ctx context.Context, part string, limit int) ([]provision.SessionID, error)
}

// PeopleQuery selects people of a connection. Empty fields select all who are
// not removed.
type PeopleQuery struct {
	Connection provision.ConnectionID
	Desk       provision.DeskID // who have an account there that has not ended
	Status     provision.Status
	Search     string // somewhere in a userName, displayName or address, letter case aside; or the whole externalId

	AfterName string // folded userName and id behind which to begin; "" both: from the start
	AfterID   provision.IdentityID
	Limit     int
}

// GroupQuery selects groups of a connection. Empty fields select all.
type GroupQuery struct {
	Connection provision.ConnectionID
	Search     string // somewhere in the displayName, letter case aside

	AfterName string // folded displayName behind which to begin; "": from the start
	Limit     int
}

// AccessQuery selects accounts of a desk that have access there. Empty fields
// select all.
type AccessQuery struct {
	Desk       provision.DeskID
	Connection provision.ConnectionID
	Role       provision.Role
	Team       string // in any letter case
	Mailbox    string // in any letter case

	AfterState provision.AccountState // place behind which to begin; "" both: from the start
	AfterID    provision.AccountID
	Limit      int
}

// StepQuery selects accounts of which a step is to come.
type StepQuery struct {
	Desk provision.DeskID // "": of all

	AfterDue time.Time // place behind which to begin; zero and "": from the start
	AfterID  provision.AccountID
	Limit    int
}

// StepCount is how many steps are to come.
type StepCount struct {
	Noted int        // whose day is noted
	Asked int        // of which an admin is asked
	First *time.Time // the first of those days; nil: none is noted
}

// EntryQuery selects audit entries about people on a desk.
type EntryQuery struct {
	Desk    provision.DeskID
	People  []provision.IdentityID
	Actions []provision.Action

	After audit.Place // behind which to begin; zero: from the start
	Limit int
}

// PersonRow is a person as far as lists need.
type PersonRow struct {
	provision.Identity        // without document, addresses and attributes
	Sort               string // what a list by userName goes on from
}

// GroupRow is a group with how many direct members it has.
type GroupRow struct {
	Group   provision.Group // without document
	Members int
	Sort    string // what a list by displayName goes on from
}

// MemberRow is a direct member, and its place in the order of adding.
type MemberRow struct {
	provision.Member
	Order int64
}
