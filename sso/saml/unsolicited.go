package saml

import "time"

// Unsolicited judges an answer to which we asked no question (SAML profiles
// §4.1.5), by all the rules of [ServiceProvider.Answer]; one that names a
// request is refused. Whoever posts it may have stolen it, or have planted it
// in somebody else's browser: it must not sign anybody in by itself.
func (sp *ServiceProvider) Unsolicited(encoded string) (assertion *Assertion, err error) {
	defer recovered(&err)
	root, err := Incoming{Binding: Post, message: encoded}.tree(responseName)
	if err != nil {
		return nil, err
	}
	if attribute(root, "InResponseTo") != "" {
		return nil, refuse(ReasonInResponseTo, "the answer is to a request that is not pending")
	}
	a := answer{sp: sp, trust: sp.trust(), shape: shape{allowSHA1: sp.config.AllowSHA1}}
	return a.judge(root)
}

// Late judges an answer to a request that is pending no more, or never was in
// this browser, by all the rules of [ServiceProvider.Answer] but that one. It must
// not sign anybody in by itself, as with [ServiceProvider.Unsolicited].
func (sp *ServiceProvider) Late(encoded string) (assertion *Assertion, err error) {
	defer recovered(&err)
	root, err := Incoming{Binding: Post, message: encoded}.tree(responseName)
	if err != nil {
		return nil, err
	}
	requestID := attribute(root, "InResponseTo") // what is signed must say the same
	if requestID == "" {
		return nil, refuse(ReasonInResponseTo, "the answer names no request")
	}
	a := answer{sp: sp, trust: sp.trust(), shape: shape{allowSHA1: sp.config.AllowSHA1}, requestID: requestID}
	return a.judge(root)
}

// OwnMetadata is [ServiceProvider.Metadata] before anything is known of the
// identity provider, which often wants ours first. Of c it reads EntityID,
// ACSURL, SLOURL, Keys and NameIDFormat.
func OwnMetadata(c Config, now time.Time) ([]byte, error) {
	return (&ServiceProvider{config: c}).Metadata(now)
}
