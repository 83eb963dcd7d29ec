package credential

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Token lets an identity provider in. Only the hash of its secret is kept.
//
// It is a bearer token, shown with every request, or with a ClientID an OAuth
// client, whose secret buys access tokens (RFC 6749 §4.4) and opens nothing
// by itself.
type Token struct {
	ID         provision.TokenID
	Connection provision.ConnectionID
	Name       string // unique per connection among the tokens that are neither revoked nor replaced
	Hash       []byte // SHA-256 of the secret
	ClientID   string // of an OAuth client; empty: a bearer token
	ReadOnly   bool   // it reads, and changes nothing
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: does not expire
	RevokedAt  *time.Time
	ReplacedAt *time.Time // when a rotation put another in its place; it goes on until ExpiresAt
	LastUsedAt *time.Time // kept to the minute
}

// Usable reports whether the token is accepted at now.
func (t *Token) Usable(now time.Time) bool {
	return t.RevokedAt == nil && (t.ExpiresAt == nil || now.Before(*t.ExpiresAt))
}

// AccessToken is what an OAuth client shows with its requests. It is good for
// as long as the client is, and no longer than until ExpiresAt.
type AccessToken struct {
	Hash      []byte // SHA-256 of the token
	Token     provision.TokenID
	ReadOnly  bool
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TokenState says what becomes of a token, for those who have to see to it.
type TokenState string

// The states, the most pressing ones first.
const (
	TokenExpired  TokenState = "expired"  // its time is over, and it was not replaced
	TokenExpiring TokenState = "expiring" // within ExpiryWarning
	TokenUnused   TokenState = "unused"   // not used within UnusedWarning, or never
	TokenReplaced TokenState = "replaced" // by a rotation, and still accepted
	TokenActive   TokenState = "active"
	TokenEnded    TokenState = "ended" // revoked, or replaced and over
)

const (
	// ExpiryWarning is how long before its end a token begins to be told of.
	ExpiryWarning = 30 * 24 * time.Hour
	// UnusedWarning is after how long without use a token is told of: every IdP
	// looks in within a day.
	UnusedWarning = 30 * 24 * time.Hour
)

// warnings are how long before its end the log tells of a token.
var warnings = []time.Duration{ExpiryWarning, 14 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour}

// State returns what becomes of the token, as of now.
func (t *Token) State(now time.Time) TokenState {
	switch {
	case t.RevokedAt != nil, t.ReplacedAt != nil && !t.Usable(now):
		return TokenEnded
	case t.ReplacedAt != nil:
		return TokenReplaced
	case !t.Usable(now):
		return TokenExpired
	case t.ExpiresAt != nil && now.Add(ExpiryWarning).After(*t.ExpiresAt):
		return TokenExpiring
	case now.Sub(t.used()) > UnusedWarning:
		return TokenUnused
	}
	return TokenActive
}

// used returns when the token was last used, or was made.
func (t *Token) used() time.Time {
	if t.LastUsedAt != nil {
		return *t.LastUsedAt
	}
	return t.CreatedAt
}

// warning returns whether a use of the token at now is the first after one of
// the moments at which its end is told of. It takes the last use from the
// token, so that each moment is told of once, also across restarts and
// replicas, give or take those that see the same minute.
func (t *Token) warning(now time.Time) bool {
	if t.ExpiresAt == nil {
		return false
	}
	for _, before := range warnings {
		at := t.ExpiresAt.Add(-before)
		if !at.After(now) && at.After(t.used()) {
			return true
		}
	}
	return false
}
