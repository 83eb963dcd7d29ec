package saml

import (
	"encoding/base64"
	"slices"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

var (
	responseName           = name{nsProtocol, "Response"}
	assertionName          = name{nsAssertion, "Assertion"}
	encryptedAssertionName = name{nsAssertion, "EncryptedAssertion"}
	issuerName             = name{nsAssertion, "Issuer"}
	statusName             = name{nsProtocol, "Status"}
	extensionsName         = name{nsProtocol, "Extensions"}
)

// Answer judges the SAMLResponse parameter that a browser posted, and returns
// the assertion in it. requestID is the ID of the request that is pending in
// this browser for this connection: an answer to another request, or to none,
// is refused. Every error is a [Refusal].
//
// The caller sees to it that a request is answered once, and an
// [Assertion.ID] used once. A stranger must not learn the [Reason]: what
// happens to a changed ciphertext would tell about the plaintext.
func (sp *ServiceProvider) Answer(encoded, requestID string) (assertion *Assertion, err error) {
	defer recovered(&err)
	if requestID == "" {
		return nil, refuse(ReasonInResponseTo, "no request is pending")
	}
	root, err := Incoming{Binding: Post, message: encoded}.tree(responseName)
	if err != nil {
		return nil, err
	}
	a := answer{sp: sp, trust: sp.trust(), shape: shape{allowSHA1: sp.config.AllowSHA1}, requestID: requestID}
	return a.judge(root)
}

// decode returns the bytes of a message in base64, which may have line breaks
// in it.
func decode(encoded string) ([]byte, error) {
	if len(encoded) > messageLimits.bytes {
		return nil, refuse(ReasonSize, "more than %d bytes", messageLimits.bytes)
	}
	raw, err := base64.StdEncoding.DecodeString(withoutSpace(encoded))
	if err != nil || len(raw) == 0 {
		return nil, refuse(ReasonEncoding, "not base64")
	}
	return raw, nil
}

// answer is one answer while it is being judged.
type answer struct {
	sp        *ServiceProvider
	trust     trust
	shape     shape
	requestID string
	signed    bool // the response is, and with it all that is in it
}

func (a *answer) judge(root *etree.Element) (*Assertion, error) {
	found, err := a.shape.check(root)
	if err != nil {
		return nil, err
	}
	if len(found) > 1 || len(found) == 1 && found[0].Parent() != root {
		return nil, refuse(ReasonShape, "more than one assertion, or one in a place where none is expected")
	}
	response, err := a.response(root)
	if err != nil {
		return nil, err
	}
	if err := a.sp.checkHeader(response, header{signed: a.signed, address: a.sp.config.ACSURL, requestID: a.requestID}); err != nil {
		return nil, err
	}
	verified, err := a.assertion(root, response)
	if err != nil {
		return nil, err
	}
	r := reader{sp: a.sp, now: a.trust.now, requestID: a.requestID}
	return r.read(verified)
}

// response returns the response as its signature covers it, or as it came if
// it has none. A failure that the identity provider reports ends it: such a
// response has no assertion, and is often not signed.
func (a *answer) response(root *etree.Element) (*etree.Element, error) {
	response := root
	if a.signed = len(children(root, signatureName)) > 0; a.signed {
		covered, err := a.trust.verify(root)
		if err != nil {
			return nil, err
		}
		response = covered
	}
	err := parts(response, map[name]int{
		issuerName: 1, signatureName: 1, extensionsName: 1, statusName: 1, assertionName: 1, encryptedAssertionName: 1,
	})
	if err != nil {
		return nil, err
	}
	if err := checkStatus(response); err != nil {
		return nil, err
	}
	if !a.signed && a.sp.config.RequireSignedResponse {
		return nil, refuse(ReasonUnsigned, "the connection demands that the response itself be signed")
	}
	return response, nil
}

// statuses are the failures that an identity provider may report (SAML core
// §3.2.2.2), in words.
var statuses = map[string]string{
	saml.StatusRequester:              "it takes our request for wrong",
	saml.StatusResponder:              "it failed by itself",
	saml.StatusVersionMismatch:        "it does not speak SAML 2.0",
	saml.StatusAuthnFailed:            "the person could not sign in there",
	saml.StatusInvalidNameIDPolicy:    "it does not support the NameID format that the connection asks for",
	saml.StatusNoAuthnContext:         "it does not support the authentication context that the connection asks for",
	saml.StatusNoPassive:              "it would have to ask the person",
	saml.StatusRequestDenied:          "it denied the request: see that the person is assigned to us there",
	saml.StatusUnknownPrincipal:       "it does not know the person",
	saml.StatusUnsupportedBinding:     "it does not support the binding",
	saml.StatusPartialLogout:          "not all sessions could be ended",
	saml.StatusRequestUnsupported:     "it does not support such requests",
	saml.StatusInvalidAttrNameOrValue: "it takes an attribute for wrong",
}

// checkStatus refuses anything but success.
func checkStatus(e *etree.Element) error {
	status := only(e, statusName)
	if status == nil {
		return refuse(ReasonShape, "no Status, or more than one")
	}
	code := only(status, name{nsProtocol, "StatusCode"})
	if code == nil {
		return refuse(ReasonShape, "no StatusCode, or more than one")
	}
	if attribute(code, "Value") == saml.StatusSuccess {
		return nil
	}
	why := statuses[attribute(code, "Value")]
	for _, finer := range children(code, name{nsProtocol, "StatusCode"}) {
		if words, known := statuses[attribute(finer, "Value")]; known {
			why = words
		}
	}
	if why == "" {
		why = "with a status of its own; see its log"
	}
	return refuse(ReasonStatus, "the identity provider reports a failure: %s", why)
}

// assertion returns the assertion in a response, as a signature covers it:
// its own, or else that of the response.
func (a *answer) assertion(root, response *etree.Element) (*etree.Element, error) {
	if encrypted := only(response, encryptedAssertionName); encrypted != nil {
		return a.decrypted(encrypted)
	}
	if a.sp.config.RequireEncryption {
		return nil, refuse(ReasonPlain, "the connection demands encrypted assertions")
	}
	// Its own signature is checked in the message as it came: canonicalising
	// the response may have dropped namespaces that it covers.
	came, covered := only(root, assertionName), only(response, assertionName)
	if came == nil || covered == nil {
		return nil, refuse(ReasonShape, "no assertion")
	}
	return a.covered(came, covered)
}

// covered returns came as its own signature covers it. Without one, fallback
// is returned, if the response is signed.
func (a *answer) covered(came, fallback *etree.Element) (*etree.Element, error) {
	if len(children(came, signatureName)) > 0 {
		return a.trust.verify(came)
	}
	if !a.signed {
		return nil, refuse(ReasonUnsigned, "neither the response nor the assertion is signed")
	}
	return fallback, nil
}

// decrypted returns the assertion in an encrypted one.
func (a *answer) decrypted(encrypted *etree.Element) (*etree.Element, error) {
	plaintext, err := decrypt(encrypted, a.sp.config.Keys)
	if err != nil {
		return nil, err
	}
	context := around(encrypted).Prefixes()
	came, err := read(plaintext, messageLimits, context)
	if err != nil || nameIn(came, context) != assertionName {
		return nil, undecryptable()
	}
	declare(came, context)
	found, err := a.shape.check(came)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, refuse(ReasonShape, "more than one assertion")
	}
	return a.covered(came, came)
}

// declare adds the namespaces around an encrypted element to what was in it:
// not every identity provider repeats them inside.
func declare(e *etree.Element, context map[string]string) {
	for prefix, space := range context {
		key, full := prefix, "xmlns:"+prefix
		if prefix == "" {
			key, full = "xmlns", "xmlns"
		}
		declared := slices.ContainsFunc(e.Attr, func(at etree.Attr) bool {
			return at.Key == key && (prefix == "" && at.Space == "" || prefix != "" && at.Space == "xmlns")
		})
		if !declared {
			e.CreateAttr(full, space)
		}
	}
}

// nameIn returns the name of e within the namespaces of context.
func nameIn(e *etree.Element, context map[string]string) name {
	n := nameOf(e)
	if n.space == "" {
		n.space = context[e.Space]
	}
	return n
}
