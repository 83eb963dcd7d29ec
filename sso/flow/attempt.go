package flow

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// attemptLife is how long a sign-in at the identity provider may take, second
// factor and forgotten password included.
const attemptLife = 15 * time.Minute

// The tickets of signing in.
const (
	ticketSAML   provision.TicketKind = "saml sign-in"
	ticketAnswer provision.TicketKind = "saml answer"
	ticketOIDC   provision.TicketKind = "oidc sign-in"
	ticketTrial  provision.TicketKind = "trial"
)

// attempt is a sign-in that waits for the identity provider's answer.
type attempt struct {
	Browser  string    `json:"browser"` // fingerprint of the browser's cookie
	ReturnTo string    `json:"return_to"`
	Trial    bool      `json:"trial,omitempty"` // an admin tries the connection: nobody is signed in
	At       time.Time `json:"at"`

	RequestID string    `json:"request_id,omitempty"` // SAML
	Issued    time.Time `json:"issued,omitzero"`      // SAML
	Nonce     string    `json:"nonce,omitempty"`      // OIDC
	Verifier  string    `json:"verifier,omitempty"`   // OIDC
}
