package saml

import "time"

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

// AuthnRequest returns a signed request for a sign-in. Each has a new ID;
// remember it, together with the browser, until the answer comes. relayState
// comes back with the answer, unprotected: use a random handle of at most 80
// bytes (SAML bindings §3.4.3).
func (sp *ServiceProvider) AuthnRequest(relayState string) (Request, error) {
	return Request{}, refuse(ReasonInternal, "not written yet")
}
