package desk

import "github.com/deskbridge/deskbridge/provision"

// Ending is what becomes of somebody's open conversations when the desk
// deactivates or deletes the user. Access ends before the hand-over where they
// are kept, and after it everywhere else; "" is not known, and counts as the worst.
type Ending string

// What becomes of them.
const (
	Keeps         Ending = "keeps"           // the user stays the assignee, and all of it can be assigned to others afterwards
	Unassigns     Ending = "unassigns"       // nobody is the assignee: they are in the queue
	GivesToCaller Ending = "gives-to-caller" // whose credentials made the call is the assignee: our service account
	Destroys      Ending = "destroys"        // they are gone
)

// InactiveTeams is what a desk shows of the teams and mailboxes of a deactivated
// user. Nothing is compared with what is hidden, and nothing is written to it;
// "" is not known, and counts as shown.
type InactiveTeams string

// What it shows.
const (
	TeamsShown  InactiveTeams = "shown"  // those that the user is in
	TeamsHidden InactiveTeams = "hidden" // none, and all of them again once the user is active
	TeamsLost   InactiveTeams = "lost"   // none: deactivating takes the user out of them
)

// SeatRelease is the mildest step that has the desk count one seat less. Those
// after it do so, too. "" is not known.
type SeatRelease string

// The steps, the mildest first.
const (
	ByDeactivate SeatRelease = "deactivate"
	ByDowngrade  SeatRelease = "downgrade" // to the weakest role that the desk has a name for
	ByDelete     SeatRelease = "delete"
	ByNothing    SeatRelease = "none" // the desk counts no seats
)

// KeepsSeat reports whether somebody whose access has ended in this way takes one of the
// desk's seats for good; a later step may free it. Where the desk knows users without a
// role, whoever is deactivated has none either.
func (c Capabilities) KeepsSeat(on provision.OnLeave) bool {
	_, none := c.RoleNames[provision.RoleNone]
	switch c.SeatFreedBy {
	case ByDowngrade:
		return !on.Mentions(provision.LeaveDowngrade) && on.ForGood() == "" && !(none && c.ChangeRole)
	case ByDelete:
		return on.ForGood() == ""
	}
	return false
}
