package provision

import (
	"time"
)

// Session is one browser that is signed in. Only the hash of its cookie is
// kept.
type Session struct {
	ID         SessionID
	Hash       []byte // SHA-256 of the cookie
	Identity   IdentityID
	Connection ConnectionID

	// How it began, so that the IdP can end it.
	Protocol Protocol
	Issuer   string
	Subject  string
	Index    string // SAML: SessionIndex; OIDC: sid; may be empty
	Hint     string // OIDC: the ID token, which the IdP wants back at sign-out; sealed by the store
	NameID   string // SAML: the NameID element as JSON, its Value first, which the IdP wants back at sign-out

	Agent     string    // what the browser calls itself, cut short: for people to tell their sessions apart
	AuthnAt   time.Time // when the person proved who they are, by the IdP's own word (SAML: AuthnInstant; OIDC: auth_time) and not after CreatedAt; zero: it did not say
	CreatedAt time.Time
	SeenAt    time.Time // kept to the minute
	EndsAt    time.Time // whatever happens

	EndedAt *time.Time
	Reason  SessionEnd
}

// SessionEnd says why a session ended.
type SessionEnd string

// Why sessions end.
const (
	EndedBySignOut  SessionEnd = "signed out"
	EndedByIdP      SessionEnd = "signed out at the identity provider"
	EndedByAdmin    SessionEnd = "ended by an admin"
	EndedByPerson   SessionEnd = "ended from another session"
	EndedByLeaving  SessionEnd = "the person was suspended or removed"
	EndedByBlock    SessionEnd = "an admin has blocked the person"
	EndedByEnd      SessionEnd = "the end that was set for the person's access has passed"
	EndedByExpiry   SessionEnd = "the person's sign-in has expired, or the identity provider has revoked it"
	EndedByNew      SessionEnd = "replaced by a new sign-in"
	EndedByRename   SessionEnd = "the name that the person signed in by is theirs no more"
	EndedByTakeOver SessionEnd = "SCIM describes the person now"
	EndedByDomain   SessionEnd = "the person's address is now at a domain of another connection"
)

// Live reports whether the session is good at now. A session that nobody used
// for idle is over.
func (s *Session) Live(now time.Time, idle time.Duration) bool {
	return s.EndedAt == nil && now.Before(s.EndsAt) && now.Sub(s.SeenAt) < idle
}

// SessionFilter selects sessions that have not ended. Empty fields select all.
type SessionFilter struct {
	ID         SessionID
	Identity   IdentityID
	Connection ConnectionID

	// Issuer goes with Protocol, and with at least one of Subject and Index;
	// Protocol alone goes with Connection.
	Protocol Protocol
	Issuer   string
	Subject  string
	Index    string
	NameID   string // SAML: the Value of the session's NameID, letter case aside
}
