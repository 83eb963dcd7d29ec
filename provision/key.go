package provision

import "time"

// KeyUse says what a key is for. The same key never serves two protocols.
type KeyUse string

// The uses of keys.
const (
	KeySAML KeyUse = "saml" // signs requests to identity providers and opens what they encrypt
	KeyDesk KeyUse = "desk" // signs assertions and ID tokens for desks
	KeyOIDC KeyUse = "oidc" // vouches for us at OpenID providers that take no secret
)

// Key is one of our own key pairs with its certificate.
//
// A new key is published before it is used, and the old one goes on opening
// what was encrypted for it: whoever reads our metadata once a day never
// stands before a closed door.
type Key struct {
	ID          KeyID
	Use         KeyUse
	Private     []byte // PKCS #8; sealed by the store
	Certificate []byte // X.509, DER
	CreatedAt   time.Time
	ActiveAt    time.Time  // from when on it signs
	RetiredAt   *time.Time // it neither signs nor opens any more
}
