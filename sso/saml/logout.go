package saml

import (
	"net/url"
	"time"
)

// Incoming is a logout message as a browser brought it. Nothing in it has been
// checked; RelayState is to be handed back with the answer, and for nothing else.
type Incoming struct {
	Binding    Binding
	IsRequest  bool // SAMLRequest, for [ServiceProvider.LogoutRequest]; else SAMLResponse, for [ServiceProvider.LogoutAnswer]
	RelayState string

	message   string // base64
	algorithm string // SigAlg
	signature string // base64
	signed    string // what the signature of a query covers
}

// IncomingQuery reads a logout message from the raw query of a GET.
func IncomingQuery(rawQuery string) (Incoming, error) {
	return Incoming{}, refuse(ReasonInternal, "not read yet")
}

// IncomingForm reads a logout message from the posted form (not from the query).
func IncomingForm(form url.Values) (Incoming, error) {
	return Incoming{}, refuse(ReasonInternal, "not read yet")
}

// Logout is a request of the identity provider to end sessions. It was signed.
type Logout struct {
	ID             string // remember it until NotOnOrAfter and refuse it the second time
	Issuer         string
	NameID         NameID
	SessionIndexes []string  // which sessions of NameID; none: all
	NotOnOrAfter   time.Time // from here on the request would be refused as expired; the skew is added already
}

// LogoutRequest judges a LogoutRequest of the identity provider. It must be
// signed: in the query for a redirect, in the XML for a post.
func (sp *ServiceProvider) LogoutRequest(in Incoming) (*Logout, error) {
	return nil, refuse(ReasonInternal, "not read yet")
}

// LogoutStatus is what we answer to a [Logout].
type LogoutStatus string

// The outcomes of a logout (SAML core §3.2.2.2).
const (
	LogoutSuccess LogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:Success"
	LogoutFailed  LogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	LogoutDenied  LogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:Requester" // the request was refused
)

// LogoutResponse returns the signed answer to the request with the ID
// inResponseTo. It refuses with [ReasonEndpoint] if the identity provider has
// no address for it.
func (sp *ServiceProvider) LogoutResponse(inResponseTo, relayState string, status LogoutStatus) (Request, error) {
	return Request{}, refuse(ReasonInternal, "not written yet")
}

// SendLogoutRequest returns a signed request of ours to end the session at the
// identity provider from which ours was made. It refuses with
// [ReasonEndpoint] if the identity provider has no address for it; ours is to
// end all the same.
func (sp *ServiceProvider) SendLogoutRequest(name NameID, sessionIndex, relayState string) (Request, error) {
	return Request{}, refuse(ReasonInternal, "not written yet")
}

// LogoutAnswer judges the LogoutResponse to the request of ours with the ID
// requestID. It must be signed. nil means that the identity provider has ended
// its session; [ReasonStatus], that it has not, or not all.
func (sp *ServiceProvider) LogoutAnswer(in Incoming, requestID string) error {
	return refuse(ReasonInternal, "not read yet")
}
