package flow

import (
	"errors"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/sso/ticket"
	"github.com/deskbridge/deskbridge/sso/web"
)

// pendingLife is how long a sign-in at the identity provider may take, second
// factor and forgotten password included.
const pendingLife = 15 * time.Minute

// The tickets of signing in, and the one-time token of a test.
const (
	ticketSAML   session.OneTimeKind = "saml sign-in" // at the browser, by the RelayState
	ticketRelay  session.OneTimeKind = "saml relay"   // the RelayState itself; says whether it is a test
	ticketAnswer session.OneTimeKind = "saml answer"
	ticketOIDC   session.OneTimeKind = "oidc sign-in" // at the browser, by the state
	tokenTest    session.OneTimeKind = "sign-in test"
)

// pendingSignIn is a sign-in that waits for the identity provider's answer. Its
// browser keeps it, sealed; see package ticket.
type pendingSignIn struct {
	Browser string    `json:"browser"`        // fingerprint of the browser's cookie
	Test    bool      `json:"test,omitempty"` // an admin tests the connection: nobody is signed in
	At      time.Time `json:"at"`
	Unasked int       `json:"unasked,omitempty"` // how many in a row began with an answer to no question of ours

	web.Start `json:"start"` // what it was begun for

	Issued   time.Time `json:"issued,omitzero"`    // SAML
	Nonce    string    `json:"nonce,omitempty"`    // OIDC
	Verifier string    `json:"verifier,omitempty"` // OIDC
}

// keep has the browser keep a sign-in until the answer comes that shows id. One
// whose way back is too long for a cookie goes on to where people land who were
// going nowhere else.
func (h *Handler) keep(w http.ResponseWriter, r *http.Request, kind session.OneTimeKind, conn provision.Connection, id string, pending pendingSignIn) error {
	err := h.jar.Keep(w, r, kind, conn.ID, id, pending, pendingLife)
	if errors.Is(err, ticket.ErrTooLong) {
		pending.ReturnTo, pending.Desk = web.Home, ""
		err = h.jar.Keep(w, r, kind, conn.ID, id, pending, pendingLife)
	}
	return err
}

// attempt names a sign-in for the core, which lets it be answered once.
func (p pendingSignIn) attempt(id string) signin.Attempt {
	return signin.Attempt{ID: id, Until: p.At.Add(pendingLife)}
}
