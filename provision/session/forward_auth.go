package session

import (
	"github.com/deskbridge/deskbridge/provision"
)

// ForwardAuthSubject is somebody with a session, and everything that a reverse proxy asks
// of them at each request.
type ForwardAuthSubject struct {
	Session    provision.Session    // without Hash, Hint, NameID and Agent
	Person     provision.Identity   // ID, Connection, UserName, Source, Status, Profile, Attributes and ClaimedGroups
	Connection provision.Connection // ID, Name and SignIn
	Groups     []string             // names, of those through nested groups too; sorted

	// Account is theirs on the desk that was asked for; nil when they have none
	// there, or no desk was asked for. It holds Desired, Confirmed, Names,
	// DeskUser and State.
	Account *provision.Account
}
