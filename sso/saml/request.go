package saml

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// Request is a message of ours that a browser is to carry to the identity
// provider: by a redirect to URL when URL is not "", else by posting Fields to
// Action.
type Request struct {
	ID     string    // of the message; what the answer must name
	Issued time.Time // the time in the message
	URL    string    // for a redirect (302 or 303)

	Action string            // address of a form
	Fields map[string]string // hidden fields of that form
}

// AuthnRequest returns a signed request for a sign-in. Its ID is that of
// [RequestID]. relayState comes back with the answer, unprotected: use another
// one for each request, which nobody can make but us, of at most 80 bytes (SAML
// bindings §3.4.3), and remember it together with the browser until the answer
// comes.
func (sp *ServiceProvider) AuthnRequest(relayState string) (Request, error) {
	return sp.authnRequest(relayState, sp.config.ForceAuthn)
}

// FreshAuthnRequest is AuthnRequest, and asks for a fresh sign-in, whatever the
// settings say (ForceAuthn, SAML core §3.4.1). Compare [Assertion.AuthnInstant]
// with [Request.Issued]: the identity provider may not have heeded it.
func (sp *ServiceProvider) FreshAuthnRequest(relayState string) (Request, error) {
	return sp.authnRequest(relayState, true)
}

func (sp *ServiceProvider) authnRequest(relayState string, fresh bool) (Request, error) {
	to, _ := endpoint(sp.idp.SSO, sp.config.Binding) // New has seen to it
	id, now := RequestID(relayState), sp.instant()
	create := true
	message := saml.AuthnRequest{
		ID:                          id,
		Version:                     "2.0",
		IssueInstant:                now,
		Destination:                 to.Location,
		Issuer:                      sp.issuer(),
		NameIDPolicy:                &saml.NameIDPolicy{AllowCreate: &create},
		AssertionConsumerServiceURL: sp.config.ACSURL,
		ProtocolBinding:             saml.HTTPPostBinding,
	}
	if sp.config.NameIDFormat != "" {
		message.NameIDPolicy.Format = &sp.config.NameIDFormat
	}
	if fresh {
		message.ForceAuthn = &fresh
	}
	e := message.Element()
	if len(sp.config.AuthnContexts) > 0 {
		addContexts(e, sp.config.AuthnContexts)
	}
	return sp.send(outgoing{id, now, parameterRequest, e, to.Binding, to.Location, relayState})
}

// RequestID returns the ID of the request that relayState went with: what the
// answer that comes back with it must be in response to.
func RequestID(relayState string) string {
	sum := sha256.Sum256([]byte("deskbridge request\x00" + relayState))
	return "_" + hex.EncodeToString(sum[:20])
}

// addContexts asks for a sign-in by one of the means; the library can name
// only one.
func addContexts(e *etree.Element, classes []string) {
	context := e.CreateElement("samlp:RequestedAuthnContext")
	context.CreateAttr("Comparison", "exact")
	for _, class := range classes {
		context.CreateElement("saml:AuthnContextClassRef").SetText(class)
	}
}

func (sp *ServiceProvider) issuer() *saml.Issuer { return &saml.Issuer{Value: sp.config.EntityID} }

// instant returns now as messages have it: in UTC, to the millisecond at most
// (SAML core §1.3.3).
func (sp *ServiceProvider) instant() time.Time {
	return sp.config.Now().UTC().Truncate(time.Millisecond)
}

// newID returns an ID that nobody can guess: 160 bits, after a letter, as an
// NCName starts with none of the digits.
func newID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return "_" + hex.EncodeToString(b[:])
}
