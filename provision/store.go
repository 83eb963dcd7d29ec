package provision

import (
	"context"
	"time"
)

// Store is what the core needs of a database. Look-ups of a single object
// return a NotFound [Error] when there is none; writes that break a unique
// rule return a Conflict with the field. In a transaction a write that returns
// an error and nothing else may put it off: to whatever is asked next, or to
// [Store.InTx] itself.
//
// Lock… methods read a row and keep others from changing it until the
// transaction ends; they make sense inside [Store.InTx] only. To avoid
// deadlocks locks are taken in this order: rules, connection, desk, group,
// identities by id, accounts by id.
type Store interface {
	// InTx runs fn in one transaction: all of it takes effect when fn returns
	// nil, nothing otherwise. fn may run again after a serialization failure,
	// so it does no I/O but tx.
	InTx(ctx context.Context, fn func(tx Store) error) error

	Connections
	Tokens
	Identities
	Groups
	Searches
	Rules
	Desks
	Sweeps
	Accounts
	SignIns
	Owners
	Apps
	AuditLog
	Jobs
}

// Connections keeps connections.
type Connections interface {
	Connection(ctx context.Context, nameOrID string) (Connection, error)
	LockConnection(ctx context.Context, id ConnectionID) (Connection, error)
	Connections(ctx context.Context) ([]Connection, error) // by name
	SaveConnection(ctx context.Context, c Connection) error
}

// Tokens keeps what identity providers show to get in.
type Tokens interface {
	// TokenByHash returns the token with this hash with its connection, both
	// by one look-up.
	TokenByHash(ctx context.Context, hash []byte) (Token, Connection, error)
	Tokens(ctx context.Context, c ConnectionID) ([]Token, error) // "" for all; by time of creation
	SaveToken(ctx context.Context, t Token) error
	TouchToken(ctx context.Context, id TokenID, at time.Time) error

	// AccessTokenByHash returns the access token with this hash, the token that
	// it was issued for and its connection, all by one look-up.
	AccessTokenByHash(ctx context.Context, hash []byte) (AccessToken, Token, Connection, error)
	InsertAccessToken(ctx context.Context, t AccessToken) error
	// SweepAccessTokens deletes those that expired before now.
	SweepAccessTokens(ctx context.Context, now time.Time) error
}

// Identities keeps people. Removed ones are tombstones: only
// [Identities.Tombstone] and [Identities.LockIdentities] return them.
type Identities interface {
	Identity(ctx context.Context, c ConnectionID, id IdentityID) (Identity, error)
	LockIdentity(ctx context.Context, c ConnectionID, id IdentityID) (Identity, error)
	// Person is Identity and Edges of one person by one look-up. The identity
	// is brief; see [Query].
	Person(ctx context.Context, c ConnectionID, id IdentityID) (Identity, []Edge, error)
	IdentityByExternalID(ctx context.Context, c ConnectionID, externalID string) (Identity, error)
	Identities(ctx context.Context, c ConnectionID, q Query) (Page[Identity], error)
	// Standing locks a person and their accounts, and reads what decides on
	// them, in as few round trips as the database allows.
	Standing(ctx context.Context, c ConnectionID, id IdentityID) (Standing, error)
	// Arrival reads what decides on somebody who is about to be added under
	// userName and externalID with addresses, which are folded. It locks the
	// twin and the undescribed.
	Arrival(ctx context.Context, c ConnectionID, userName, externalID string, addresses []string) (Arrival, error)
	InsertIdentity(ctx context.Context, id Identity) error
	SaveIdentity(ctx context.Context, id Identity) error // replaces the row with id.ID

	// Tombstone returns the newest removed identity that was the same person:
	// same externalId, or the same userName where one of the two has no
	// externalId.
	Tombstone(ctx context.Context, c ConnectionID, userName, externalID string) (Identity, error)

	// LockIdentities returns those of ids that exist, removed ones included,
	// by id.
	LockIdentities(ctx context.Context, c ConnectionID, ids []IdentityID) ([]Identity, error)

	// MarkDirty notes that the access of people must be evaluated anew: those
	// that are in group, through nested groups too, or with "" everybody of
	// the connection. Its cost may follow the size of the group.
	MarkDirty(ctx context.Context, c ConnectionID, group GroupID) error
	// Dirty returns up to limit ids that are marked, and ClearDirty unmarks.
	Dirty(ctx context.Context, c ConnectionID, limit int) ([]IdentityID, error)
	ClearDirty(ctx context.Context, c ConnectionID, ids []IdentityID) error

	// FindPeople returns the people of any connection, removed ones included,
	// whose id, userName, externalId or e-mail address is text; live ones first.
	FindPeople(ctx context.Context, text string) ([]Identity, error)
	CountActive(ctx context.Context, c ConnectionID) (int, error)
	// EachIdentity calls fn for every identity of the connection that is not
	// removed, in batches by id.
	EachIdentity(ctx context.Context, c ConnectionID, fn func([]Identity) error) error
}

// Standing is a person with everything that decides on their access.
type Standing struct {
	Rules    []Rule // of the connection, as [Rules.Rules] returns them
	Identity Identity
	Accounts []Account // locked, as the identity is
	Edges    []Edge    // on the way up from the person
}

// Arrival is who was there before somebody who is about to be added.
type Arrival struct {
	Rules  []Rule    // of the connection, as [Rules.Rules] returns them
	Twin   *Identity // with the same externalId, locked; nil: nobody
	Before *Identity // as [Identities.Tombstone] returns it; nil: nobody
	// Undescribed are those whom SCIM has never described, with the same
	// userName or one of the addresses, by id; at most two.
	Undescribed []Identity
}

// Edge is one row of membership: Member is directly in Group.
type Edge struct {
	Member    MemberID
	Group     GroupID
	GroupName string
}

// Groups keeps groups and members.
type Groups interface {
	Group(ctx context.Context, c ConnectionID, id GroupID) (Group, error)
	LockGroup(ctx context.Context, c ConnectionID, id GroupID) (Group, error)
	// GroupStanding is [Rules.Rules] and LockGroup, in as few round trips as the
	// database allows.
	GroupStanding(ctx context.Context, c ConnectionID, id GroupID) ([]Rule, Group, error)
	GroupByName(ctx context.Context, c ConnectionID, name string) (Group, error) // ignores letter case
	Groups(ctx context.Context, c ConnectionID, q Query) (Page[Group], error)
	InsertGroup(ctx context.Context, g Group) error
	SaveGroup(ctx context.Context, g Group) error
	DeleteGroup(ctx context.Context, c ConnectionID, id GroupID) error // with its member rows, and its own memberships

	Members(ctx context.Context, g GroupID) ([]Member, error) // in the order in which they were added
	// MembersOf is Members of several groups of the connection at once.
	MembersOf(ctx context.Context, c ConnectionID, ids []GroupID) (map[GroupID][]Member, error)
	// LockMembers tells which of add and remove exist in the connection, and what
	// they are. It locks the people among add, lest one who is being removed at
	// this moment leaves a membership behind.
	LockMembers(ctx context.Context, c ConnectionID, add, remove []MemberID) (map[MemberID]MemberKind, error)
	// AddMembers and RemoveMembers return those that really were added or
	// removed. Their cost follows len(ids), not the size of the group.
	AddMembers(ctx context.Context, c ConnectionID, g GroupID, members []Member) ([]MemberID, error)
	RemoveMembers(ctx context.Context, g GroupID, ids []MemberID) ([]MemberID, error)
	// RemoveMemberships takes a member out of all groups and returns those.
	RemoveMemberships(ctx context.Context, id MemberID) ([]GroupID, error)
	// Edges returns every row of membership on the way up from ids: theirs,
	// those of the groups they are in, and so on.
	Edges(ctx context.Context, c ConnectionID, ids []MemberID) ([]Edge, error)
}

// Searches finds people and groups in one list.
type Searches interface {
	// Search answers q; see [Service.Search].
	Search(ctx context.Context, c ConnectionID, q Search) (Finding, error)
}

// Rules keeps rules.
type Rules interface {
	// Rules returns the rules of a connection, or with "" all, by id. Inside a
	// transaction it also makes sure that no LockRules succeeds until the
	// transaction ends.
	Rules(ctx context.Context, c ConnectionID) ([]Rule, error)
	// LockRules waits for every transaction that has read rules, and lets no
	// other read them until this one ends.
	LockRules(ctx context.Context) error
	SaveRule(ctx context.Context, r Rule) error
	DeleteRule(ctx context.Context, id RuleID) error
}

// Desks keeps desks.
type Desks interface {
	Desk(ctx context.Context, nameOrID string) (Desk, error)
	LockDesk(ctx context.Context, id DeskID) (Desk, error)
	Desks(ctx context.Context) ([]Desk, error) // by name
	SaveDesk(ctx context.Context, d Desk) error
}

// Sweeps keeps how far the look at each desk is, what it found, and which desks
// are not called for a while.
type Sweeps interface {
	SettledAccounts(ctx context.Context, f SettledFilter) ([]Account, error) // by id
	Sweep(ctx context.Context, d DeskID) (Sweep, error)
	Sweeps(ctx context.Context) ([]Sweep, error) // by desk
	SaveSweep(ctx context.Context, sw Sweep) error

	// Drifts returns those whose account has the same Revision still, by account.
	Drifts(ctx context.Context, f DriftFilter) ([]Drift, error)
	CountDrifts(ctx context.Context) (map[DeskID]int, error) // of the same
	SaveDrift(ctx context.Context, d Drift) error
	DeleteDrift(ctx context.Context, a AccountID) error

	Pauses(ctx context.Context) ([]Pause, error) // by desk
	SavePause(ctx context.Context, p Pause) error
	DeletePause(ctx context.Context, d DeskID) error
}

// AccountFilter selects accounts; empty fields select all.
type AccountFilter struct {
	Desk       DeskID
	Connection ConnectionID
	State      AccountState
}

// Accounts keeps accounts and the journal of their visits.
type Accounts interface {
	Account(ctx context.Context, id AccountID) (Account, error)
	LockAccount(ctx context.Context, id AccountID) (Account, error)
	// LockVisit locks an account and reads what a visit to it has to know: all
	// of [Visit] but Teams and Mailboxes, which follow from the rules of the
	// account's connection.
	LockVisit(ctx context.Context, a Account) (Visit, []Rule, error)
	AccountsOf(ctx context.Context, ids []IdentityID) ([]Account, error) // by identity, desk
	LockAccountsOf(ctx context.Context, ids []IdentityID) ([]Account, error)
	AccountsWhere(ctx context.Context, f AccountFilter, limit int) ([]Account, error) // by id; limit 0: all
	CountAccounts(ctx context.Context) (map[DeskID]map[AccountState]int, error)
	SaveAccounts(ctx context.Context, accounts []Account) error // inserts or replaces by id
	// MoveAccounts gives the accounts of one identity to another.
	MoveAccounts(ctx context.Context, from, to IdentityID) (int, error)

	// DueAccounts returns accounts that are due at now but were not touched
	// since before: lost jobs, workers that died. Leased ones, those whose
	// RetryAt is still to come, held ones, and parked ones without a RetryAt
	// are not among them.
	DueAccounts(ctx context.Context, now, before time.Time, limit int) ([]Account, error)
	SeatsTaken(ctx context.Context, d DeskID) (int, error)
	// PeopleEnding counts the people of a connection whose access began to end
	// after since, and PeopleWithAccess those whose access on some desk is to
	// stay.
	PeopleEnding(ctx context.Context, c ConnectionID, since time.Time) (int, error)
	PeopleWithAccess(ctx context.Context, c ConnectionID) (int, error)

	// PlanSteps journals steps and returns them with their ids; OpenSteps
	// returns those of an account that no CloseSteps has closed, by id.
	PlanSteps(ctx context.Context, steps []Step) ([]Step, error)
	OpenSteps(ctx context.Context, a AccountID) ([]Step, error)
	CloseSteps(ctx context.Context, ids []int64) error
}

// SignIns keeps what sign-in needs: who is known by which login, sessions,
// things that can be used once, keys, and domains that wait to be verified.
type SignIns interface {
	// Login returns who is known by a login: NotFound when nobody is. The
	// person may be removed by now.
	Login(ctx context.Context, c ConnectionID, p Protocol, issuer, subject string) (LoginKey, error)
	LoginsOf(ctx context.Context, id IdentityID) ([]LoginKey, error)
	SaveLogin(ctx context.Context, l LoginKey) error // inserts or replaces by connection, protocol, issuer, subject
	DeleteLogins(ctx context.Context, id IdentityID) error

	// Session returns the session whose cookie has this hash with its person
	// and connection, by one look-up; ended ones, too.
	Session(ctx context.Context, hash []byte) (Session, Identity, Connection, error)
	// Visitor returns the session, ended ones too, with whatever belongs to it,
	// by one look-up; desk, when not empty, is the name of a desk.
	Visitor(ctx context.Context, hash []byte, desk string) (Visitor, error)
	Sessions(ctx context.Context, f SessionFilter, limit int) ([]Session, error) // that have not ended, newest first
	InsertSession(ctx context.Context, s Session) error
	TouchSession(ctx context.Context, id SessionID, at time.Time) error
	// EndSessions ends every session that f selects, and returns them.
	EndSessions(ctx context.Context, f SessionFilter, at time.Time, why SessionEnd) ([]Session, error)

	SaveTicket(ctx context.Context, t Ticket) error // a second one with the same hash is a Conflict
	Ticket(ctx context.Context, kind TicketKind, hash []byte) (Ticket, error)
	// TakeTicket returns a ticket and deletes it: of several who try, one
	// gets it.
	TakeTicket(ctx context.Context, kind TicketKind, hash []byte) (Ticket, error)
	// Remember notes that key was seen, until it expires. It reports whether
	// that is the first time.
	Remember(ctx context.Context, key string, expires time.Time) (first bool, err error)
	// RememberLonger remembers key until expires, or longer when it is so already.
	RememberLonger(ctx context.Context, key string, expires time.Time) error
	// Remembered reports whether key was seen, and has not expired at now.
	Remembered(ctx context.Context, key string, now time.Time) (bool, error)

	Keys(ctx context.Context, use KeyUse) ([]Key, error) // newest first, retired ones included
	// LockKeys keeps others from making or changing keys until the transaction
	// ends.
	LockKeys(ctx context.Context) error
	SaveKey(ctx context.Context, k Key) error

	DomainClaims(ctx context.Context, c ConnectionID) ([]DomainClaim, error) // "" for all; by domain
	SaveDomainClaim(ctx context.Context, d DomainClaim) error
	DeleteDomainClaim(ctx context.Context, c ConnectionID, domain string) error

	// Metadata returns what was last fetched for a connection.
	Metadata(ctx context.Context, c ConnectionID) (Metadata, error)
	SaveMetadata(ctx context.Context, m Metadata) error

	// SweepSignIns deletes tickets and memories that expired before now, and
	// sessions that ended before then.
	SweepSignIns(ctx context.Context, now, then time.Time) error
}

// Apps keeps sessions at desks.
type Apps interface {
	AppSession(ctx context.Context, id AppSessionID) (AppSession, error)
	// OpenAppSession returns the one that has not ended of a session at a desk.
	OpenAppSession(ctx context.Context, session SessionID, d DeskID, p Protocol) (AppSession, error)
	SaveAppSession(ctx context.Context, a AppSession) error // inserts or replaces by id
	// MoveAppSessions gives those of one session that have not ended to another.
	MoveAppSessions(ctx context.Context, from, to SessionID) error

	// AppEndings returns up to limit that have not ended, although what they rest
	// on is gone. since, when not zero, leaves out what was gone before then: its
	// cost follows the changes, otherwise the sessions at desks.
	AppEndings(ctx context.Context, since time.Time, limit int) ([]AppEnding, error)
	// EndAppSession ends one, and returns it; NotFound when it has ended already.
	EndAppSession(ctx context.Context, id AppSessionID, why AppEnd, at time.Time) (AppSession, error)
	// ClaimAppTellings returns up to limit ended ones whose TellAt is not after
	// now, each with one more of Attempts; nobody else gets them before until.
	ClaimAppTellings(ctx context.Context, now, until time.Time, limit int) ([]AppSession, error)
	// SweepApps deletes those that ended before ended and need not be told, and
	// all that were not used after seen.
	SweepApps(ctx context.Context, ended, seen time.Time) error
}

// Owners keeps those who sign in without an identity provider, by name.
type Owners interface {
	Owner(ctx context.Context, name string) (Owner, error)
	LockOwner(ctx context.Context, name string) (Owner, error)
	Owners(ctx context.Context) ([]Owner, error) // by name
	SaveOwner(ctx context.Context, o Owner) error
	DeleteOwner(ctx context.Context, id OwnerID) error
}

// AuditLog keeps the audit log.
type AuditLog interface {
	Append(ctx context.Context, entries ...Entry) error
	// Unsealed returns up to limit entries without a seal, by id, and keeps
	// other sealers out until the transaction ends.
	Unsealed(ctx context.Context, limit int) ([]Entry, error)
	LastSealed(ctx context.Context) (Entry, error) // NotFound on an empty chain
	Seal(ctx context.Context, entries []Entry) error
	// Entries returns up to limit entries with an id above after, by id.
	Entries(ctx context.Context, after int64, limit int) ([]Entry, error)
	// Refusals returns the entries of sign-ins that were refused under this
	// reference.
	Refusals(ctx context.Context, reference string) ([]Entry, error)
}

// JobKind names a kind of job.
type JobKind string

// The kinds of jobs.
const (
	JobVisit    JobKind = "visit"    // bring the desk to what Account wants
	JobEvaluate JobKind = "evaluate" // evaluate the dirty people of Connection
)

// Job says who and where, never what: the worker reads what is wanted when it
// runs. Jobs may be merged, repeated and reordered.
type Job struct {
	Kind       JobKind
	Account    AccountID
	Connection ConnectionID
	Urgent     bool      // access ends: goes ahead of everything else
	At         time.Time // not before; zero: at once
}

// Jobs takes jobs. They become visible to workers when the transaction commits.
type Jobs interface {
	Enqueue(ctx context.Context, jobs ...Job) error
}
