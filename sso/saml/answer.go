package saml

// Answer judges the SAMLResponse parameter that a browser posted, and returns
// the assertion in it. requestID is the ID of the request that is pending in
// this browser for this connection: an answer to another request, or to none,
// is refused. Every error is a [Refusal].
//
// The caller sees to it that a request is answered once, and an
// [Assertion.ID] used once.
func (sp *ServiceProvider) Answer(encoded, requestID string) (*Assertion, error) {
	return nil, refuse(ReasonInternal, "not read yet")
}
