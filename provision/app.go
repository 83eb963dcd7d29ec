package provision

import "time"

// AppSession is one of our sessions in use at a desk. It is level-triggered:
// when what it rests on is gone (the session, the person, their access), it
// ends, and the desk is told until it has heard.
type AppSession struct {
	ID         AppSessionID // what the desk knows it by: SAML SessionIndex, OIDC sid
	Session    SessionID
	Identity   IdentityID
	Connection ConnectionID
	Desk       DeskID
	Protocol   Protocol

	CreatedAt time.Time
	SeenAt    time.Time // last sign-in at the desk

	EndedAt  *time.Time
	Reason   AppEnd
	TellAt   *time.Time // when to tell the desk, next; nil: nothing to tell
	Attempts int        // to tell it
}

// AppEnd says why a session at a desk ended.
type AppEnd string

// Why sessions at desks end.
const (
	AppEndedWithSession AppEnd = "session" // somebody signed out, or an admin or the IdP ended the session
	AppEndedByLeaving   AppEnd = "person"  // the person was suspended or removed
	AppEndedByAccess    AppEnd = "access"  // the person has no access to the desk any more
)

// AppEnding is a session at a desk that has lost what it rests on.
type AppEnding struct {
	ID  AppSessionID
	Why AppEnd
}

// Why somebody is not let in to a desk: the Field of the Denied error. They
// stand in the audit log and in docs/audit.md.
const (
	AppRefusedNoAccount = "no-account" // no rule gives the person access to the desk
	AppRefusedNotReady  = "not-ready"  // the desk has not confirmed the account yet
	AppRefusedSession   = "session"    // the session, or the person behind it, is no longer good
)

// AppEntry is what somebody may do on a desk: what they should have, as far as
// the desk has confirmed it. A change that is under way never shows up as more
// than either.
type AppEntry struct {
	Account   AccountID
	Role      Role // none where the desk calls them its owner: nobody is to change that
	Teams     []string
	Mailboxes []string
}

// enter returns what a gives at the door of its desk, or a Denied error.
func enter(a *Account, beforeReady bool) (AppEntry, error) {
	if a == nil || a.Wanted.Status != AccessActive {
		return AppEntry{}, Errorf(Denied, AppRefusedNoAccount, "you have no account there")
	}
	entry := AppEntry{Account: a.ID, Role: a.Wanted.Role, Teams: a.Wanted.Teams, Mailboxes: a.Wanted.Mailboxes}
	if a.Granted.Status != AccessActive {
		if !beforeReady {
			return AppEntry{}, Errorf(Denied, AppRefusedNotReady, "your account there is being set up; try again in a minute")
		}
		return entry, nil
	}
	switch {
	case a.Granted.Role == RoleOwner:
		entry.Role = RoleNone
	case a.Granted.Role.Less(entry.Role):
		entry.Role = a.Granted.Role
	}
	entry.Teams = confirmed(a.Wanted.Teams, a.Granted.Teams)
	entry.Mailboxes = confirmed(a.Wanted.Mailboxes, a.Granted.Mailboxes)
	return entry, nil
}

// confirmed returns those of wanted that are in granted, too.
func confirmed(wanted, granted []string) (both []string) {
	for _, name := range wanted {
		if containsFold(granted, name) {
			both = append(both, name)
		}
	}
	return both
}
