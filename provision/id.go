package provision

import (
	"crypto/rand"
	"crypto/sha256"
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

// HashSecret returns the SHA-256 of a secret: how it is kept and looked up, and of
// no use to whoever reads it. It is for secrets that are random and long, as those
// of [NewSecret] are; what people choose, as passwords, needs a slow hash.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
