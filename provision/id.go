package provision

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/google/uuid"
)

// Ids are types, so that one kind cannot be passed for another. Those that
// Deskbridge makes are UUIDs of version 7: unique across kinds and ordered by
// time of creation.
type (
	ConnectionID  string // one IdP tenant
	IdentityID    string // one person as a connection describes them; the SCIM id of a User
	GroupID       string // one IdP group; the SCIM id of a Group
	MemberID      string // an IdentityID or a GroupID
	RuleID        string
	DeskID        string // one help desk account that we write to
	AccountID     string // the pairing of an identity with its user on a desk
	TokenID       string
	SessionID     string
	AdminID       string
	DeskSessionID string // a session as one desk knows it
	KeyID         string
	DeskUserID    string // a user's id on the desk, in the desk's own form
)

// NewID returns a fresh id of any kind.
func NewID[T ~string]() T {
	return T(uuid.Must(uuid.NewV7()).String())
}

// NewSecret returns 256 random bits in a form for cookies and URLs.
func NewSecret() string {
	var raw [32]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
