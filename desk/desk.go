// Package desk is the contract between Deskbridge and a help desk.
//
// A connector implements [Desk] for one kind of help desk: it translates, one
// call's worth of work at a time, between the desk's own words and the common
// ones (agent, role, team, mailbox, conversation). It decides nothing: what to
// write, in which order, and what must never be touched is the business of
// packages reconcile and worker. Connectors live in one folder a kind and must pass
// desktest.
package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Desk is one account at a help desk. Implementations are safe for concurrent
// use and keep no state that a restart would lose.
//
// Methods return the errors of this package (see [Error]) for what callers
// tell apart. A method that the desk's API cannot do returns [Unsupported]
// with the exact clicks for an admin; embedding [Base] gives that for the
// optional ones. After a write whose answer proves nothing a method reads back
// before it returns nil; where the desk has accepted the write and does not show
// it, the error says so ([Error].NotShown).
type Desk interface {
	// Capabilities says what this kind of desk can do. It does no I/O.
	Capabilities() Capabilities

	// Check tries the credentials and reads what mapping needs to know. It
	// changes nothing.
	Check(ctx context.Context) (Profile, error)

	// Find returns the user with the key's id, else external id, else e-mail,
	// deactivated ones included, and nil when there is none. Every hit is
	// compared with the key again: desks that ignore an unknown search field
	// answer with everybody.
	Find(ctx context.Context, key Key) (*provision.DeskUser, error)

	// Fit returns want as the desk would keep it: names cut to its limits,
	// spelling as it stores it. What it returns is what Find gives back after
	// a write, so that comparing the two never finds a difference that cannot
	// be removed. It does no I/O.
	Fit(want provision.DeskUser) provision.DeskUser

	// Create makes a user with want's external id, profile and role (but see
	// Capabilities.MakesAgents), and as much of teams and mailboxes as the desk takes at creation. A taken
	// e-mail or name is a Conflict. The answer is read back from the desk. A user
	// who was made, and does not show all of that, is returned together with an
	// error that says NotShown; but only one who is known to be the new user by
	// the external id, or the e-mail where the desk keeps none.
	Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error)

	// SetProfile brings name, e-mail, title, phone and time zone to want's.
	// What is empty in want stays as it is on the desk.
	SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error
	SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error
	// ChangeTeams and ChangeMailboxes add and remove by name, as a difference:
	// what is named in neither list stays. Adding twice and removing what is
	// not there succeed. An unknown name is a Permanent error.
	ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error
	ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error
	SetActive(ctx context.Context, id provision.DeskUserID, active bool) error

	// Delete and Anonymize end a user for good. A user that is already gone is
	// not an error.
	Delete(ctx context.Context, id provision.DeskUserID) error
	Anonymize(ctx context.Context, id provision.DeskUserID) error

	// OpenConversations returns up to limit conversations that are assigned to
	// the user and not closed.
	OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]Conversation, error)
	// Assign gives a conversation to an assignee; the zero Assignee unassigns
	// it. One that may not own it is a Permanent error.
	Assign(ctx context.Context, conversation string, to Assignee) error

	// EndSessions ends the user's sessions and keys on the desk.
	EndSessions(ctx context.Context, id provision.DeskUserID) error

	// Admins returns how many active users hold the admin or owner role.
	Admins(ctx context.Context) (int, error)
	// TeamMembers returns the active members of a team.
	TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error)
}

// Key says which user is meant. Empty fields are not searched for.
type Key struct {
	ID         provision.DeskUserID
	ExternalID string
	Email      string // compared without regard to letter case
}

// Conversation is an open conversation (ticket, issue) on a desk.
type Conversation struct {
	ID       string
	Assignee provision.DeskUserID
	Mailbox  string // by name, as [Capabilities].ConversationsIn says; empty where that is nothing, or the conversation is in none
}

// Assignee is who gets a conversation: a user, a team, or with both empty
// nobody.
type Assignee struct {
	User provision.DeskUserID
	Team string
}

// Profile is what [Desk.Check] found.
type Profile struct {
	Self      provision.DeskUserID // our own service account on the desk: never touched
	Version   string               // of the desk, as it names it; may be empty
	Teams     []string             // sorted
	Mailboxes []string             // sorted
	Roles     []RoleInfo           // by title, of a [RoleChanger]
	Problems  []string             // rights or settings that are missing, with what to do
}

// Problemf adds a problem.
func (p *Profile) Problemf(format string, args ...any) {
	p.Problems = append(p.Problems, fmt.Sprintf(format, args...))
}

// Capabilities says what a kind of desk can do through its API. What is false
// becomes a task for an admin when it is needed.
type Capabilities struct {
	RoleNames map[provision.Role]string // what the desk itself calls each role that it knows

	ChangeProfile   bool // name and e-mail after creation
	ChangeRole      bool // after creation
	MakesAgents     bool // Create makes an agent, whatever role is wanted: another one is SetRole's, or a task
	ChangeTeams     bool
	ChangeMailboxes bool // after creation
	MailboxesByTeam bool // access to mailboxes follows from teams; rules must not name mailboxes
	Deactivate      bool // and reactivate
	Delete          bool
	Anonymize       bool
	AssignToTeam    bool

	// ConversationsIn is what OpenConversations tells as the mailbox of a conversation: a
	// mailbox, or a team where the mailboxes of the desk are its teams. Check and Units
	// tell the names. Empty: it does not tell, and hand_over has no rules by mailbox there.
	ConversationsIn provision.UnitKind

	EndSessions bool
	ExternalID  bool // the desk keeps our external id on its users

	// What ending does. Each is said where the desk has the call for it.
	OnDeactivate      Ending        // to open conversations
	OnDelete          Ending        // to those that are left
	TeamsWhenInactive InactiveTeams // what the desk shows of a deactivated user
	SeatFreedBy       SeatRelease
	Logins            Logins // whether, and where, it tells when users were last there

	AdminsSeeAll bool    // admins and the owner have every mailbox and cannot lose one; mailboxes of theirs are not compared
	Remains      Remains // of who has left; empty: nothing is known of it

	// Rate is how many requests a second such a desk takes without harm, where
	// its administrator has not set another number; 0 is [DefaultRate], and
	// NoRate no limit. Of a connector that does not send its requests by
	// [Request] each call of this contract counts as one.
	Rate float64

	// SearchLag is how long what Find, List or OpenConversations show may be
	// behind a write, because they come from a search index. What is not shown is
	// waited for that long, at least, before it counts as not done. 0: they show
	// a write at once, or within the seconds that every desk is given.
	SearchLag time.Duration
}

// The rates of desks that say nothing, and of those that need none: because
// they cost nobody anything, or because their connector keeps the vendor's own
// limit.
const (
	DefaultRate float64 = 10
	NoRate      float64 = -1
)

// Factory makes a connector from a desk's settings. It checks settings, all
// mistakes at once, and does no I/O.
type Factory func(d provision.Desk) (Desk, error)
