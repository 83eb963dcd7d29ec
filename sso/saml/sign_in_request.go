package saml

import (
	"crypto/x509"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// SignInRequest is an AuthnRequest of a service provider, for whoever is its
// identity provider. Unless Signed, anybody may have written it: then it says
// no more than where a browser wants to go.
type SignInRequest struct {
	ID           string
	Issuer       string // entity ID of the service provider
	ACSURL       string // where it wants the answer; "": at its usual address
	Binding      string // by which it wants the answer; "": any
	Destination  string // "": not said, only in what is not signed
	Issued       time.Time
	ForceAuthn   bool
	IsPassive    bool
	NameIDFormat string // "": any
	Signed       bool
}

var (
	authnRequestName = name{nsProtocol, "AuthnRequest"}
	nameIDPolicyName = name{nsProtocol, "NameIDPolicy"}
)

// ReadSignInRequest reads an AuthnRequest of a service provider. With
// certificates of it, the request must be signed by one: in the query for a
// redirect, in the XML for a post. Without, a signature counts for nothing.
// skew is how far the clocks may be apart. Every error is a [Refusal].
func ReadSignInRequest(in Incoming, certificates []*x509.Certificate, now time.Time, skew time.Duration) (request *SignInRequest, err error) {
	defer recovered(&err)
	e, err := openRequest(in, trust{certificates, now})
	if err != nil {
		return nil, err
	}
	request, err = readSignInRequest(e)
	if err != nil {
		return nil, err
	}
	request.Signed = len(certificates) > 0
	switch {
	case request.Issued.After(now.Add(skew)):
		return nil, refuse(ReasonInstant, "the request was issued in the future: compare the clocks")
	case request.Issued.Before(now.Add(-maxAge - skew)):
		return nil, refuse(ReasonInstant, "the request was issued more than %s ago: compare the clocks", maxAge)
	case request.Signed && request.Destination == "":
		return nil, refuse(ReasonDestination, "a signed request must name its destination")
	}
	return request, nil
}

// openRequest returns the AuthnRequest that in carries, as its signature covers
// it when there is somebody to trust.
func openRequest(in Incoming, t trust) (*etree.Element, error) {
	if !in.IsRequest {
		return nil, refuse(ReasonMessage, "an answer where a request is expected")
	}
	root, err := in.tree(authnRequestName)
	if err != nil {
		return nil, err
	}
	s := shape{allowSHA1: len(t.certificates) == 0} // a signature that nobody looks at may be of any kind
	found, err := s.check(root)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 0:
		return nil, refuse(ReasonShape, "an assertion in a request")
	case len(t.certificates) == 0:
		return root, nil
	case in.Binding == Redirect:
		return root, t.verifyQuery(in, false)
	}
	return t.verify(root)
}

func readSignInRequest(e *etree.Element) (*SignInRequest, error) {
	p := func(local string) name { return name{nsProtocol, local} }
	err := parts(e, map[name]int{
		issuerName: 1, signatureName: 1, extensionsName: 1, {nsAssertion, "Subject"}: 1, nameIDPolicyName: 1,
		{nsAssertion, "Conditions"}: 1, p("RequestedAuthnContext"): 1, p("Scoping"): 1,
	})
	if err != nil {
		return nil, err
	}
	if attribute(e, "Version") != "2.0" {
		return nil, refuse(ReasonVersion, "not of SAML 2.0")
	}
	r := &SignInRequest{
		ID: attribute(e, "ID"), Issuer: trimmed(only(e, issuerName)), ACSURL: attribute(e, "AssertionConsumerServiceURL"),
		Binding: attribute(e, "ProtocolBinding"), Destination: attribute(e, "Destination"),
	}
	if r.Issuer == "" || len(r.Issuer) > maxEntityID {
		return nil, refuse(ReasonIssuer, "the request does not say who sends it")
	}
	var ok bool
	if r.Issued, ok = instant(e, "IssueInstant"); !ok {
		return nil, refuse(ReasonInstant, "the request does not say when it was issued")
	}
	if policy := only(e, nameIDPolicyName); policy != nil {
		if r.NameIDFormat = attribute(policy, "Format"); r.NameIDFormat == string(saml.UnspecifiedNameIDFormat) {
			r.NameIDFormat = ""
		}
	}
	if r.ForceAuthn, err = boolean(e, "ForceAuthn"); err != nil {
		return nil, err
	}
	r.IsPassive, err = boolean(e, "IsPassive")
	return r, err
}

// boolean returns the value of an attribute of type xs:boolean.
func boolean(e *etree.Element, key string) (bool, error) {
	switch attribute(e, key) {
	case "true", "1":
		return true, nil
	case "", "false", "0":
		return false, nil
	}
	return false, refuse(ReasonAttribute, "%s is neither true nor false", key)
}
