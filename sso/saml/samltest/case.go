package samltest

import (
	"net/url"
	"slices"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/sso/saml"
)

// Case is one answer, and what must become of it.
type Case struct {
	ID, Title string
	Accept    bool                     // else it must be refused
	Reason    saml.Reason              // why, when it is refused
	SignsIn   func(p *IdP) string      // whom, when it is accepted; never the victim
	Build     func(*IdP, Request) Form // the answer to the pending request
}

// Form is what a browser posts to the ACS.
type Form = url.Values

// Cases are all cases of a single answer: first those that must be accepted,
// then the attacks.
var Cases = slices.Concat(controls, signatures, wrappings, encodings, parsers, conditions, flows)

// person is who signs in with a good answer.
func person(p *IdP) string { return p.Person }

// good is a case that must be accepted.
func good(id, title string, build func(*IdP, Request) Form) Case {
	return Case{ID: id, Title: title, Accept: true, SignsIn: person, Build: build}
}

// bad is a case that must be refused for that reason.
func bad(id, title string, reason saml.Reason, build func(*IdP, Request) Form) Case {
	return Case{ID: id, Title: title, Reason: reason, Build: build}
}

// signed builds a good answer with a signature like that in the assertion.
func signed(s func(*IdP) Signature) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		p.Sign(m.Assertion(), s(p))
		return m.Form()
	}
}

// forged builds an answer that names the victim, with a signature like that in
// the assertion.
func forged(s func(*IdP) Signature) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.Message(r, p.Victim)
		p.Sign(m.Assertion(), s(p))
		return m.Form()
	}
}

// changed builds an answer that is good but for the change, and that the
// identity provider has signed after it: response and assertion.
func changed(change func(p *IdP, response, assertion *etree.Element)) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		a := m.Assertion()
		change(p, m.Response, a)
		p.Sign(a, Signature{})
		p.Sign(m.Response, Signature{})
		return m.Form()
	}
}

// tampered builds an answer that the identity provider has signed before the
// change.
func tampered(change func(p *IdP, response, assertion *etree.Element)) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.own(r)
		change(p, m.Response, m.Assertion())
		return m.Form()
	}
}

// own is the good answer that the attacker holds: his own, with the assertion
// signed.
func (p *IdP) own(r Request) Message {
	m := p.Message(r, p.Person)
	p.Sign(m.Assertion(), Signature{})
	return m
}

// forgery is an unsigned assertion that names the victim.
func (p *IdP) forgery(r Request) *etree.Element { return p.Message(r, p.Victim).Assertion().Copy() }

// set returns a change that sets an attribute of the first element of that tag.
func set(tag, key, value string) func(*IdP, *etree.Element, *etree.Element) {
	return func(_ *IdP, _, a *etree.Element) { find(a, tag).CreateAttr(key, value) }
}

// unset returns a change that takes an attribute away.
func unset(tag, key string) func(*IdP, *etree.Element, *etree.Element) {
	return func(_ *IdP, _, a *etree.Element) { find(a, tag).RemoveAttr(key) }
}

// without returns a change that takes the first element of that tag away.
func without(tag string) func(*IdP, *etree.Element, *etree.Element) {
	return func(_ *IdP, _, a *etree.Element) { remove(find(a, tag)) }
}
