package flow

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/web"
)

// pendingLife is how long a sign-in at the identity provider may take, second
// factor and forgotten password included.
const pendingLife = 15 * time.Minute

// The one-time tokens of signing in.
const (
	tokenSAML   session.OneTimeKind = "saml sign-in"
	tokenAnswer session.OneTimeKind = "saml answer"
	tokenOIDC   session.OneTimeKind = "oidc sign-in"
	tokenTest   session.OneTimeKind = "sign-in test"
)

// pendingSignIn is a sign-in that waits for the identity provider's answer.
type pendingSignIn struct {
	Browser string    `json:"browser"`        // fingerprint of the browser's cookie
	Test    bool      `json:"test,omitempty"` // an admin tests the connection: nobody is signed in
	At      time.Time `json:"at"`
	Unasked int       `json:"unasked,omitempty"` // how many in a row began with an answer to no question of ours

	web.Start `json:"start"` // what it was begun for

	RequestID string    `json:"request_id,omitempty"` // SAML
	Issued    time.Time `json:"issued,omitzero"`      // SAML
	Nonce     string    `json:"nonce,omitempty"`      // OIDC
	Verifier  string    `json:"verifier,omitempty"`   // OIDC
}
