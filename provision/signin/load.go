package signin

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Question is what a sign-in asks of the database before anything is decided.
type Question struct {
	Connection provision.ConnectionID

	Once     []Once    // what serves once, by [session.ReplayKey]
	Logouts  []string  // what a logout message for the session is remembered by
	LogoutAt time.Time // such a message counts that is remembered until then

	Protocol provision.Protocol // of the login
	Issuer   string
	Subjects []string             // in all its spellings; the first that is known counts
	Not      provision.IdentityID // whom the login does not mean

	Replaces []byte // hash of the cookie that the session takes the place of; empty: none
}

// Once is something that serves once, until it could not serve any more.
type Once struct {
	Key   string
	Until time.Time
}

// Loaded answers a [Question].
type Loaded struct {
	First  []bool // which of Once serve for the first time; they are remembered now
	Ended  bool   // a logout message is remembered
	Rules  []provision.Rule
	Known  provision.LoginKey  // how the login is known; zero: it is not
	Person *provision.Identity // whom Known names, locked; nil: they are removed, or are Not

	Connection provision.Connection
	Replaced   *provision.Session // nil: there is none
}
