package saml

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

const (
	// assertionLife is how long a desk may take to receive an assertion.
	assertionLife = 3 * time.Minute

	bearer       = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	entityFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
	basicFormat  = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	uriFormat    = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	// How the identity provider has signed the person in is its own affair.
	contextUnspecified = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
)

// nameIDFormats are the formats of what a desk knows people by.
var nameIDFormats = map[protocol.Field]crewjam.NameIDFormat{
	protocol.FieldEmail:    crewjam.EmailAddressNameIDFormat,
	protocol.FieldUserName: crewjam.UnspecifiedNameIDFormat,
	protocol.FieldID:       crewjam.PersistentNameIDFormat,
}

// message returns what the library makes answers from. The answer goes to the
// configured address, whatever the request said.
func (h *Handler) message(desk provision.Desk, p pending, key site.Key, r *http.Request) *crewjam.IdpAuthnRequest {
	metadata, _ := url.Parse(h.url(desk.Name, "metadata")) // New and the desk's name have seen to it
	sso, _ := url.Parse(h.url(desk.Name, "sso"))
	return &crewjam.IdpAuthnRequest{
		IDP: &crewjam.IdentityProvider{
			Signer: key.Private, Certificate: key.Certificate, MetadataURL: *metadata, SSOURL: *sso,
			SignatureMethod: dsig.RSASHA256SignatureMethod, // the library's default is SHA-1
		},
		HTTPRequest:             r,
		RelayState:              p.RelayState,
		Request:                 crewjam.AuthnRequest{ID: p.ID},
		ServiceProviderMetadata: &crewjam.EntityDescriptor{EntityID: desk.SignIn.SAML.EntityID},
		SPSSODescriptor:         &crewjam.SPSSODescriptor{},
		ACSEndpoint:             &crewjam.IndexedEndpoint{Binding: crewjam.HTTPPostBinding, Location: desk.SignIn.SAML.ACSURL},
		Now:                     h.Now().UTC().Truncate(time.Millisecond),
	}
}

// assertions makes the assertion about one sign-in. The library's own maker
// tells every desk everything, the person's network address included.
type assertions struct {
	handler     *Handler
	subject     site.Subject
	session     provision.Session
	deskSession provision.DeskSessionID
}

var _ crewjam.AssertionMaker = assertions{}

// MakeAssertion implements [crewjam.AssertionMaker]. What it needs of the
// person it has.
func (a assertions) MakeAssertion(req *crewjam.IdpAuthnRequest, _ *crewjam.Session) error {
	settings, p := a.subject.Desk.SignIn.SAML, a.handler.releaseTo(a.subject.Desk)
	format, known := nameIDFormats[p.nameID]
	if !known {
		return fmt.Errorf("idp: desk %s: %q is nothing to know people by", a.subject.Desk.Name, p.nameID)
	}
	until := req.Now.Add(assertionLife)
	issuer := crewjam.Issuer{Format: entityFormat, Value: req.IDP.MetadataURL.String()}
	req.Assertion = &crewjam.Assertion{
		ID: newMessageID(), IssueInstant: req.Now, Version: "2.0", Issuer: issuer,
		Subject: &crewjam.Subject{
			NameID: &crewjam.NameID{Format: string(format), Value: xmlText(a.subject.Value(p.nameID))},
			SubjectConfirmations: []crewjam.SubjectConfirmation{{Method: bearer, SubjectConfirmationData: &crewjam.SubjectConfirmationData{
				InResponseTo: req.Request.ID, NotOnOrAfter: until, Recipient: settings.ACSURL,
			}}},
		},
		Conditions: &crewjam.Conditions{
			NotBefore: req.Now.Add(-clockSkew), NotOnOrAfter: until,
			AudienceRestrictions: []crewjam.AudienceRestriction{{Audience: crewjam.Audience{Value: settings.EntityID}}},
		},
		AuthnStatements: []crewjam.AuthnStatement{{
			AuthnInstant: authnInstant(a.session).UTC().Truncate(time.Millisecond), SessionIndex: string(a.deskSession),
			SessionNotOnOrAfter: new(a.session.EndsAt.UTC().Truncate(time.Millisecond)),
			AuthnContext:        crewjam.AuthnContext{AuthnContextClassRef: &crewjam.AuthnContextClassRef{Value: contextUnspecified}},
		}},
	}
	if attributes := a.attributes(p); len(attributes) > 0 {
		req.Assertion.AttributeStatements = []crewjam.AttributeStatement{{Attributes: attributes}}
	}
	return nil
}

// authnInstant returns when the person proved who they are. SAML has no word for
// not knowing: where the identity provider has not said, it is the beginning of
// the session, which meets no demand of ours for a new sign-in.
func authnInstant(s provision.Session) time.Time {
	if s.AuthnAt.IsZero() {
		return s.CreatedAt
	}
	return s.AuthnAt
}

// attributes returns the attribute release, in the order of
// [protocol.Fields]. What nobody knows is left out.
func (a assertions) attributes(p release) (out []crewjam.Attribute) {
	for _, field := range protocol.Fields {
		name, asked := p.attributes[field]
		values := a.subject.Values(field)
		if !asked || len(values) == 0 {
			continue
		}
		at := crewjam.Attribute{Name: name, NameFormat: basicFormat}
		if u, err := url.Parse(name); err == nil && u.Scheme != "" {
			at.NameFormat = uriFormat
		}
		for _, value := range values {
			at.Values = append(at.Values, crewjam.AttributeValue{Type: "xs:string", Value: xmlText(value)})
		}
		out = append(out, at)
	}
	return out
}

// xmlText returns s without the characters that XML 1.0 has no form for: one
// in somebody's name would keep them out.
func xmlText(s string) string {
	runes := slices.DeleteFunc([]rune(s), func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
	return string(runes)
}

// unsignedResponse makes a response in which the assertion alone is signed.
func unsignedResponse(req *crewjam.IdpAuthnRequest) error {
	if err := req.MakeAssertionEl(); err != nil {
		return fmt.Errorf("idp: sign an assertion: %w", err)
	}
	req.ResponseEl = response(req, crewjam.StatusSuccess, "").Element()
	req.ResponseEl.AddChild(req.AssertionEl)
	return nil
}

// failedResponse makes a signed response without an assertion (SAML core
// §3.2.2.2).
func failedResponse(req *crewjam.IdpAuthnRequest, status string) error {
	failed := response(req, crewjam.StatusResponder, status)
	signing, err := dsig.NewSigningContext(req.IDP.Signer, [][]byte{req.IDP.Certificate.Raw})
	if err != nil {
		return fmt.Errorf("idp: sign a response: %w", err)
	}
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := signing.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return fmt.Errorf("idp: sign a response: %w", err)
	}
	signed, err := signing.SignEnveloped(failed.Element())
	if err != nil {
		return fmt.Errorf("idp: sign a response: %w", err)
	}
	children := signed.ChildElements()
	failed.Signature = children[len(children)-1] // moved to its place, after the issuer
	req.ResponseEl = failed.Element()
	return nil
}

func response(req *crewjam.IdpAuthnRequest, code, finer string) *crewjam.Response {
	status := crewjam.StatusCode{Value: code}
	if finer != "" {
		status.StatusCode = &crewjam.StatusCode{Value: finer}
	}
	return &crewjam.Response{
		Destination: req.ACSEndpoint.Location, ID: newMessageID(), InResponseTo: req.Request.ID, IssueInstant: req.Now, Version: "2.0",
		Issuer: &crewjam.Issuer{Format: entityFormat, Value: req.IDP.MetadataURL.String()},
		Status: crewjam.Status{StatusCode: status},
	}
}

// newMessageID returns an ID that nobody can guess. An NCName begins with no
// digit.
func newMessageID() string {
	var raw [20]byte
	rand.Read(raw[:])
	return "_" + hex.EncodeToString(raw[:])
}

// element adds a child with attributes, given as pairs.
func element(parent *etree.Element, name string, attributes ...string) *etree.Element {
	child := parent.CreateElement(name)
	for i := 0; i+1 < len(attributes); i += 2 {
		child.CreateAttr(attributes[i], attributes[i+1])
	}
	return child
}
