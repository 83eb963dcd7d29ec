package provision

import "time"

// Owner is somebody who can sign in here when no identity provider works: the
// glass to break. Nothing else has a password.
type Owner struct {
	ID       OwnerID
	Name     string
	Password string   // argon2id, in its encoded form
	Secret   string   // of the one-time codes (RFC 6238); sealed by the store
	Recovery [][]byte // SHA-256 of the codes that are left, each good once
	LastStep int64    // the newest one-time code that was used, as its 30 s step; older ones are not taken again

	CreatedAt time.Time
	UsedAt    *time.Time
}
