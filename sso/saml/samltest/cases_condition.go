package samltest

import (
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/sso/saml"
)

// past and future are beyond any skew.
func past(p *IdP) string   { return stamp(p.Now().Add(-time.Hour)) }
func future(p *IdP) string { return stamp(p.Now().Add(24 * time.Hour)) }

// conditions are answers that the identity provider has signed, response and
// assertion, and that are good but for the one thing.
var conditions = []Case{
	bad("SV01", "wrong audience", saml.ReasonAudience, changed(func(_ *IdP, _, a *etree.Element) { find(a, "Audience").SetText("https://other.example.test") })),
	bad("SV02", "no audience restriction", saml.ReasonAudience, changed(without("AudienceRestriction"))),
	bad("SV03", "no Conditions", saml.ReasonConditions, changed(without("Conditions"))),
	bad("SV04", "two restrictions, one not ours", saml.ReasonAudience, changed(func(_ *IdP, _, a *etree.Element) {
		second := find(a, "AudienceRestriction").Copy()
		find(second, "Audience").SetText("https://other.example.test")
		find(a, "Conditions").AddChild(second)
	})),
	bad("SV05", "wrong Recipient", saml.ReasonRecipient, changed(set("SubjectConfirmationData", "Recipient", "https://other.example.test/acs"))),
	bad("SV06", "no Recipient", saml.ReasonRecipient, changed(unset("SubjectConfirmationData", "Recipient"))),
	bad("SV07", "wrong Destination", saml.ReasonDestination, changed(func(_ *IdP, response, _ *etree.Element) {
		response.CreateAttr("Destination", "https://other.example.test/acs")
	})),
	bad("SV07b", "wrong Destination, not signed", saml.ReasonDestination, tampered(func(_ *IdP, response, _ *etree.Element) {
		response.CreateAttr("Destination", "https://other.example.test/acs")
	})),
	bad("SV08", "no Destination on a signed response", saml.ReasonDestination, changed(func(_ *IdP, response, _ *etree.Element) { response.RemoveAttr("Destination") })),
	bad("SV09", "confirmation expired", saml.ReasonTime, changed(func(p *IdP, _, a *etree.Element) {
		find(a, "SubjectConfirmationData").CreateAttr("NotOnOrAfter", past(p))
	})),
	bad("SV10", "confirmation without an end", saml.ReasonConfirmation, changed(unset("SubjectConfirmationData", "NotOnOrAfter"))),
	bad("SV11", "Conditions expired", saml.ReasonTime, changed(func(p *IdP, _, a *etree.Element) { find(a, "Conditions").CreateAttr("NotOnOrAfter", past(p)) })),
	bad("SV12", "not valid yet", saml.ReasonTime, changed(func(p *IdP, _, a *etree.Element) { find(a, "Conditions").CreateAttr("NotBefore", future(p)) })),
	bad("SV13", "issued a day ahead", saml.ReasonInstant, changed(func(p *IdP, _, a *etree.Element) { a.CreateAttr("IssueInstant", future(p)) })),
	bad("SV13b", "the response issued a day ahead", saml.ReasonInstant, changed(func(p *IdP, response, _ *etree.Element) {
		response.CreateAttr("IssueInstant", future(p))
	})),
	bad("SV14", "yesterday's answer", saml.ReasonInstant, at(-24*time.Hour)),
	bad("SV14b", "issued yesterday, good until tomorrow", saml.ReasonInstant, changed(func(p *IdP, _, a *etree.Element) {
		a.CreateAttr("IssueInstant", stamp(p.Now().Add(-24*time.Hour)))
	})),
	bad("SV15", "no SubjectConfirmation", saml.ReasonConfirmation, changed(without("SubjectConfirmation"))),
	bad("SV16", "holder of key", saml.ReasonConfirmation, changed(set("SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"))),
	bad("SV17", "sender vouches", saml.ReasonConfirmation, changed(set("SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"))),
	bad("SV18", "no SubjectConfirmationData", saml.ReasonConfirmation, changed(without("SubjectConfirmationData"))),
	bad("SV19", "other Issuer", saml.ReasonIssuer, changed(func(_ *IdP, _, a *etree.Element) { find(a, "Issuer").SetText("https://other.example.test") })),
	bad("SV20", "no Issuer in the assertion", saml.ReasonIssuer, changed(without("Issuer"))),
	bad("SV20b", "no Issuer in the response", saml.ReasonIssuer, changed(func(_ *IdP, response, _ *etree.Element) {
		remove(response.SelectElement("saml:Issuer"))
	})),
	bad("SV21", "other Issuer on the response", saml.ReasonIssuer, changed(func(_ *IdP, response, _ *etree.Element) {
		response.SelectElement("saml:Issuer").SetText("https://other.example.test")
	})),
	bad("SV22", "status AuthnFailed with a good assertion", saml.ReasonStatus, changed(func(_ *IdP, response, _ *etree.Element) {
		find(response, "StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
	})),
	bad("SV23", "no AuthnStatement", saml.ReasonAuthn, changed(without("AuthnStatement"))),
	bad("SV24", "the session has ended", saml.ReasonSessionTime, changed(func(p *IdP, _, a *etree.Element) {
		find(a, "AuthnStatement").CreateAttr("SessionNotOnOrAfter", past(p))
	})),
	bad("SV25", "version 1.1", saml.ReasonVersion, changed(func(_ *IdP, _, a *etree.Element) { a.CreateAttr("Version", "1.1") })),
	bad("SV26", "no Subject, no attributes", saml.ReasonSubject, changed(func(_ *IdP, _, a *etree.Element) {
		remove(find(a, "Subject"))
		remove(find(a, "AttributeStatement"))
	})),
	bad("SV27", "empty NameID", saml.ReasonNameID, changed(func(_ *IdP, _, a *etree.Element) { find(a, "NameID").SetText("") })),
	bad("SV27b", "NameID of white space", saml.ReasonNameID, changed(func(_ *IdP, _, a *etree.Element) { find(a, "NameID").SetText(" \n") })),
	bad("SV28", "unknown condition", saml.ReasonConditions, changed(func(_ *IdP, _, a *etree.Element) {
		condition := find(a, "Conditions").CreateElement("x:Condition")
		condition.CreateAttr("xmlns:x", "urn:x")
	})),
	bad("SV29", "no Subject", saml.ReasonSubject, changed(without("Subject"))),
	bad("SV30", "signed in tomorrow", saml.ReasonAuthn, changed(func(p *IdP, _, a *etree.Element) { find(a, "AuthnStatement").CreateAttr("AuthnInstant", future(p)) })),
	bad("SV31", "an encrypted attribute", saml.ReasonAttribute, changed(func(_ *IdP, _, a *etree.Element) {
		find(a, "AttributeStatement").CreateElement("saml:EncryptedAttribute")
	})),
	bad("SV32", "no assertion", saml.ReasonShape, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		remove(m.Assertion())
		p.Sign(m.Response, Signature{})
		return m.Form()
	}),
	bad("SV33", "no Status", saml.ReasonShape, changed(func(_ *IdP, response, _ *etree.Element) { remove(find(response, "Status")) })),
	bad("SV34", "no ID", saml.ReasonID, tampered(func(_ *IdP, response, _ *etree.Element) { response.RemoveAttr("ID") })),
}

// flows are answers to other requests than the pending one.
var flows = []Case{
	bad("SF01", "an unknown request", saml.ReasonInResponseTo, func(p *IdP, r Request) Form {
		r.ID = "_unknown"
		return p.own(r).Form()
	}),
	bad("SF02", "right on the response, wrong in the assertion", saml.ReasonInResponseTo, changed(set("SubjectConfirmationData", "InResponseTo", "_unknown"))),
	bad("SF03", "right in the assertion, wrong on the response", saml.ReasonInResponseTo, changed(func(_ *IdP, response, _ *etree.Element) {
		response.CreateAttr("InResponseTo", "_unknown")
	})),
	bad("SF04", "not asked for", saml.ReasonInResponseTo, changed(func(_ *IdP, response, a *etree.Element) {
		response.RemoveAttr("InResponseTo")
		find(a, "SubjectConfirmationData").RemoveAttr("InResponseTo")
	})),
	bad("SF05", "no InResponseTo in the assertion", saml.ReasonInResponseTo, changed(unset("SubjectConfirmationData", "InResponseTo"))),
	bad("SR21", "markup in status and issuer", saml.ReasonStatus, func(p *IdP, r Request) Form {
		m := p.Message(r, Markup)
		find(m.Response, "StatusCode").CreateAttr("Value", Markup)
		find(m.Response, "Issuer").SetText(Markup)
		return m.Form()
	}),
}

// Markup must never be echoed.
const Markup = `"><script>alert(1)</script>`
