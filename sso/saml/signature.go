package saml

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

var signatureName = name{nsSignature, "Signature"}

// trust is who may sign: the certificates of the identity provider, and the
// time by which they must be good.
type trust struct {
	certificates []*x509.Certificate
	now          time.Time
}

// try calls confirms with each certificate for keys of that kind, until one
// confirms the signature. What the sender says of his key plays no part.
func (t trust) try(kind x509.PublicKeyAlgorithm, confirms func(*x509.Certificate) bool) error {
	var expired *x509.Certificate
	for _, c := range t.certificates {
		if c.PublicKeyAlgorithm != kind || !confirms(c) {
			continue
		}
		if !t.now.Before(c.NotBefore) && !t.now.After(c.NotAfter) {
			return nil
		}
		expired = c
	}
	refusal := refuse(ReasonSignature, "no certificate in the identity provider's metadata confirms the signature: if it has a new one, fetch its metadata again")
	if expired != nil {
		refusal = refuse(ReasonExpired, "signed with a certificate that is good only from %s to %s: renew it at the identity provider, and fetch its metadata again",
			expired.NotBefore.UTC().Format(time.DateOnly), expired.NotAfter.UTC().Format(time.DateOnly))
	}
	refusal.KeyUnknown = true
	return refusal
}

// verify checks the signature in e over e, and returns what it covers, read
// anew from the very bytes that were hashed. Nothing else may be read after.
func (t trust) verify(e *etree.Element) (*etree.Element, error) {
	signature := only(e, signatureName)
	if signature == nil {
		return nil, refuse(ReasonUnsigned, "%s is not signed", e.Tag)
	}
	signed, err := readSignature(signature, attribute(e, "ID"))
	if err != nil {
		return nil, err
	}
	detached, slot, err := detach(e, signature)
	if err != nil {
		return nil, err
	}
	var covered *etree.Element
	err = t.try(signed.method.key, func(c *x509.Certificate) bool {
		slot.SetText(base64.StdEncoding.EncodeToString(inASN1(signed.value, c)))
		context := dsig.ValidationContext{
			CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}},
			IdAttribute:      "ID",
			Clock:            dsig.NewFakeClockAt(c.NotBefore), // try looks at the time itself, to tell why
		}
		found, err := context.Validate(detached)
		if err != nil || found == nil {
			return false
		}
		covered = found
		return true
	})
	if err != nil {
		return nil, err
	}
	if nameOf(covered) != nameOf(e) || attribute(covered, "ID") != attribute(e, "ID") {
		return nil, refuse(ReasonSignature, "the signature covers another element")
	}
	return covered, nil
}

// detach returns a copy of e that stands by itself, with all namespaces around
// it, and the element in it that holds the value of its signature.
//
// The signature is moved to the front, where the library finds it at once: it
// stops after a thousand elements, which are fewer than some people have
// groups. Its place does not matter, as it covers e without itself. KeyInfo
// goes: it is the sender's own word for which key to trust.
func detach(e, signature *etree.Element) (detached, value *etree.Element, _ error) {
	detached, err := etreeutils.NSDetatch(around(e), e)
	if err != nil {
		return nil, nil, refuse(ReasonXML, "namespaces that cannot be resolved")
	}
	moved, ok := detached.RemoveChildAt(signature.Index()).(*etree.Element)
	if !ok {
		return nil, nil, refuse(ReasonInternal, "a copy that differs")
	}
	detached.InsertChildAt(0, moved)
	for _, info := range children(moved, name{nsSignature, "KeyInfo"}) {
		moved.RemoveChild(info)
	}
	return detached, only(moved, name{nsSignature, "SignatureValue"}), nil
}

// around returns the namespaces around e. It starts from the empty context,
// which has no limit of elements: scan has set one.
func around(e *etree.Element) etreeutils.NSContext {
	context := etreeutils.EmptyNSContext
	if parent := e.Parent(); parent != nil {
		context = around(parent)
		if inner, err := context.SubContext(parent); err == nil { // scan has refused what fails here
			context = inner
		}
	}
	return context
}

// signed is what a Signature says that is needed.
type signed struct {
	method signing
	value  []byte
}

// readSignature refuses a Signature that is not of the one form that SAML has
// (SAML core §5.4): one reference, to the element with that id, through no
// transform but the enveloped signature and a canonicalisation.
func readSignature(e *etree.Element, id string) (signed, error) {
	ds := func(local string) name { return name{nsSignature, local} }
	bad := refuse(ReasonShape, "a signature that is not as SAML wants it")
	if !plain(e) || !sequence(e, ds("SignedInfo"), ds("SignatureValue")) {
		return signed{}, bad
	}
	info := only(e, ds("SignedInfo"))
	if !sequence(info, ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference")) {
		return signed{}, bad
	}
	reference := only(info, ds("Reference"))
	if !sequence(reference, ds("Transforms"), ds("DigestMethod"), ds("DigestValue")) || !transforms(only(reference, ds("Transforms"))) {
		return signed{}, bad
	}
	if attribute(reference, "URI") != "#"+id {
		return signed{}, refuse(ReasonSignature, "the signature does not cover the element that holds it")
	}
	value, err := base64.StdEncoding.DecodeString(compact(only(e, ds("SignatureValue"))))
	if err != nil || len(value) == 0 {
		return signed{}, refuse(ReasonSignature, "a signature without a value")
	}
	method, known := signings[attribute(only(info, ds("SignatureMethod")), "Algorithm")]
	if !known {
		return signed{}, refuse(ReasonAlgorithm, "a signature without an algorithm")
	}
	return signed{method, value}, nil
}

// plain reports whether there is nothing in a signature, KeyInfo aside, that
// one parser could skip and another read: comments, attributes with a prefix.
func plain(e *etree.Element) bool {
	for _, a := range e.Attr {
		if a.Space != "" && a.Space != "xmlns" {
			return false
		}
	}
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.Comment, *etree.ProcInst, *etree.Directive:
			return false
		case *etree.Element:
			if nameOf(t) != (name{nsSignature, "KeyInfo"}) && !plain(t) {
				return false
			}
		}
	}
	return true
}

// sequence reports whether the children of e are exactly those; a KeyInfo may
// follow.
func sequence(e *etree.Element, want ...name) bool {
	var got []name
	for _, child := range e.ChildElements() {
		got = append(got, nameOf(child))
	}
	if n := len(got) - 1; n == len(want) && n > 0 && got[n] == (name{nsSignature, "KeyInfo"}) {
		got = got[:n]
	}
	return slices.Equal(got, want)
}

// transforms reports whether they are the enveloped signature, and then at
// most a canonicalisation.
func transforms(e *etree.Element) bool {
	var got []string
	for _, child := range e.ChildElements() {
		if nameOf(child) != (name{nsSignature, "Transform"}) {
			return false
		}
		for _, parameter := range child.ChildElements() {
			if nameOf(parameter) != (name{nsExclusive, "InclusiveNamespaces"}) {
				return false
			}
		}
		got = append(got, attribute(child, "Algorithm"))
	}
	switch len(got) {
	case 1:
		return got[0] == enveloped
	case 2:
		return got[0] == enveloped && slices.Contains(canonicalizations, got[1])
	}
	return false
}

// inASN1 returns an ECDSA signature in the form that Go wants. XML has r and
// s one after the other, each as long as the curve's order (RFC 4051 §2.3.6);
// some identity providers send ASN.1 all the same.
func inASN1(value []byte, c *x509.Certificate) []byte {
	public, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return value
	}
	size := (public.Params().N.BitLen() + 7) / 8
	if len(value) != 2*size {
		return value
	}
	r, s := new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		return value
	}
	return der
}

// confirming returns a function that tells whether a certificate confirms that
// value is a signature over message.
func confirming(algorithm x509.SignatureAlgorithm, message, value []byte) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool {
		return c.CheckSignature(algorithm, message, inASN1(value, c)) == nil
	}
}
