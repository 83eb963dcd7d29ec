package saml

import (
	"bytes"
	"iter"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// The namespaces that matter here.
const (
	nsAssertion    = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol     = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsMetadata     = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature    = dsig.Namespace
	nsEncryption   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"
	nsExclusive    = "http://www.w3.org/2001/10/xml-exc-c14n#"
	nsInstance     = "http://www.w3.org/2001/XMLSchema-instance"
)

// name is the name of an element: nothing is ever found by its prefix, or by
// its local name alone.
type name struct{ space, local string }

func nameOf(e *etree.Element) name { return name{e.NamespaceURI(), e.Tag} }

// read scans a document and returns its root element.
func read(raw []byte, l limits, around map[string]string) (*etree.Element, error) {
	raw = bytes.TrimPrefix(raw, byteOrderMark) // Entra ID's metadata starts with one
	if err := scan(raw, l, around); err != nil {
		return nil, err
	}
	document := etree.NewDocument()
	if err := document.ReadFromBytes(raw); err != nil || document.Root() == nil {
		return nil, refuse(ReasonXML, "not well-formed")
	}
	return document.Root(), nil
}

// walk yields e and all elements in it, in document order.
func walk(e *etree.Element) iter.Seq[*etree.Element] {
	return func(yield func(*etree.Element) bool) { descend(e, yield) }
}

func descend(e *etree.Element, yield func(*etree.Element) bool) bool {
	if !yield(e) {
		return false
	}
	for _, child := range e.Child {
		if child, ok := child.(*etree.Element); ok && !descend(child, yield) {
			return false
		}
	}
	return true
}

// children returns the children of e that are called n.
func children(e *etree.Element, n name) (found []*etree.Element) {
	for _, token := range e.Child {
		if child, ok := token.(*etree.Element); ok && child.Tag == n.local && child.NamespaceURI() == n.space {
			found = append(found, child)
		}
	}
	return found
}

// only returns the one child of e that is called n; nil if there is none, or
// more than one.
func only(e *etree.Element, n name) *etree.Element {
	if found := children(e, n); len(found) == 1 {
		return found[0]
	}
	return nil
}

// attribute returns the value of an attribute in no namespace, as all are that
// SAML defines; "" when there is none.
func attribute(e *etree.Element, key string) string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == key {
			return a.Value
		}
	}
	return ""
}

// text returns all the text in e. Comments in it do not end it, and are no
// part of it: what a comment splits, canonicalisation joins, and so must we. It
// reports false when there are elements in e.
func text(e *etree.Element) (string, bool) {
	var b strings.Builder
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.CharData:
			b.WriteString(t.Data)
		case *etree.Element:
			return "", false
		}
	}
	return b.String(), true
}

// trimmed returns the text in e without white space around it; "" when e is
// nil, or has elements in it.
func trimmed(e *etree.Element) string {
	if e == nil {
		return ""
	}
	s, _ := text(e)
	return strings.Trim(s, " \t\r\n")
}

// compact returns the text in e without any white space, as base64 needs it.
func compact(e *etree.Element) string {
	if e == nil {
		return ""
	}
	s, _ := text(e)
	return withoutSpace(s)
}

func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, s)
}

// instant returns the time in an attribute. It reports false when there is
// none, or when it cannot be read. Times without a zone are UTC (SAML core §1.3.3).
func instant(e *etree.Element, key string) (time.Time, bool) {
	var t saml.RelaxedTime
	value := attribute(e, key)
	if value == "" || t.UnmarshalText([]byte(value)) != nil {
		return time.Time{}, false
	}
	return time.Time(t).UTC(), true
}

// parts refuses children of e beyond those in most, which says how often each
// may occur; 0: any number.
func parts(e *etree.Element, most map[name]int) error {
	seen := make(map[name]int, len(most))
	for _, child := range e.ChildElements() {
		n := nameOf(child)
		limit, known := most[n]
		if seen[n]++; !known || limit > 0 && seen[n] > limit {
			return refuse(ReasonShape, "%s has a child that does not belong there, or too often", e.Tag)
		}
	}
	return nil
}
