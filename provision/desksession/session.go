package desksession

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Session is one of our sessions in use at a desk. It is level-triggered:
// when what it rests on is gone (the session, the person, their access), it
// ends, and the desk is notified until it takes the notice.
type Session struct {
	ID         provision.DeskSessionID // what the desk knows it by: SAML SessionIndex, OIDC sid
	Session    provision.SessionID
	Identity   provision.IdentityID
	Connection provision.ConnectionID
	Desk       provision.DeskID
	Protocol   provision.Protocol

	CreatedAt time.Time
	SeenAt    time.Time // last sign-in at the desk

	EndedAt  *time.Time
	Reason   End
	NotifyAt *time.Time // when to tell the desk, next; nil: nothing to tell
	Attempts int        // to tell it
}

// End says why a desk session ended.
type End string

// Why desk sessions end.
const (
	EndedWithSession End = "session" // somebody signed out, or an admin or the IdP ended the session
	EndedByLeaving   End = "person"  // the person was suspended or removed
	EndedByAccess    End = "access"  // the person has no access to the desk any more
)

// Lapsed is a desk session that has lost what it rests on.
type Lapsed struct {
	ID  provision.DeskSessionID
	Why End
}

// Why somebody is not let in to a desk: the Field of the Denied error. They
// stand in the audit log and in docs/audit.md.
const (
	RefusedNoAccount = "no-account" // no rule gives the person access to the desk
	RefusedNotReady  = "not-ready"  // the desk has not confirmed the account yet
	RefusedNameTaken = "name-taken" // the desk knows another person by that name
	RefusedSession   = "session"    // the session, or the person behind it, is no longer good
)

// Entry is what somebody may do on a desk: what they should have, as far as
// the desk has confirmed it. A change that is under way never shows up as more
// than either.
type Entry struct {
	Account   provision.AccountID
	Role      provision.Role // none where the desk calls them its owner: nobody is to change that
	Teams     []string
	Mailboxes []string

	// Names are what the desk knows the person by, and the only names that it
	// is told of them.
	Names provision.DeskNames
	// Confirmed says that the desk has shown the Names. Otherwise it lets people
	// in before it has.
	Confirmed bool
}

// enter returns what a gives on its desk, or a Denied error.
func enter(a *provision.Account, beforeReady bool) (Entry, error) {
	if a == nil || a.Desired.Status != provision.AccessActive {
		return Entry{}, provision.Refuse(RefusedNoAccount, "you have no account there")
	}
	entry := Entry{Account: a.ID, Role: a.Desired.Role, Teams: a.Desired.Teams, Mailboxes: a.Desired.Mailboxes, Names: a.Names}
	none := provision.DeskNames{}
	if a.Confirmed.Status != provision.AccessActive || a.Names == none {
		switch {
		case namesDisputed(a.ReasonCode):
			return Entry{}, provision.Refuse(RefusedNotReady, "an administrator has to look at your account there first: it may be known by somebody else's name")
		case !beforeReady:
			return Entry{}, provision.Refuse(RefusedNotReady, "your account there is being set up; try again in a minute")
		}
		if a.Names == none {
			entry.Names = provision.DeskNames{Email: a.Profile.Email, UserName: a.UserName}
		}
		if a.Confirmed.Status != provision.AccessActive {
			return entry, nil
		}
	}
	entry.Confirmed = a.Names != none
	switch {
	case a.Confirmed.Role == provision.RoleOwner:
		entry.Role = provision.RoleNone
	case a.Confirmed.Role.Less(entry.Role):
		entry.Role = a.Confirmed.Role
	}
	entry.Teams = confirmed(a.Desired.Teams, a.Confirmed.Teams)
	entry.Mailboxes = confirmed(a.Desired.Mailboxes, a.Confirmed.Mailboxes)
	return entry, nil
}

// namesDisputed reports whether an account waits because what the person is called
// may be somebody else's on the desk.
func namesDisputed(code provision.ReasonCode) bool {
	switch code {
	case provision.ReasonNameTaken, provision.ReasonDomain, provision.ReasonUserTaken, provision.ReasonAdoption,
		provision.ReasonConflict, provision.ReasonOwner, provision.ReasonSelf:
		return true
	}
	return false
}

// confirmed returns those of desired that are in confirmed, too.
func confirmed(desired, confirmed []string) (both []string) {
	for _, name := range desired {
		if provision.ContainsFold(confirmed, name) {
			both = append(both, name)
		}
	}
	return both
}
