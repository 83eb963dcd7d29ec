package samltest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	statusGood  = "urn:oasis:names:tc:SAML:2.0:status:Success"
)

// Message is a Response that is being made: change it, sign it, encode it.
type Message struct {
	Response *etree.Element
}

// Message returns a good answer to r for that person, not signed yet.
func (p *IdP) Message(r Request, person string) Message { return p.messageAt(r, person, p.Now()) }

func (p *IdP) messageAt(r Request, person string, now time.Time) Message {
	until, at := stamp(now.Add(5*time.Minute)), stamp(now)
	return Message{parse(fmt.Sprintf(`<samlp:Response xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" Destination="%s" InResponseTo="%s">`,
		nsProtocol, nsAssertion, newID(), at, r.ACSURL, r.ID) +
		fmt.Sprintf(`<saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status>`, p.EntityID, statusGood) +
		fmt.Sprintf(`<saml:Assertion xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s"><saml:Issuer>%s</saml:Issuer>`, nsAssertion, newID(), at, p.EntityID) +
		fmt.Sprintf(`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">%s</saml:NameID>`, escape(person)) +
		fmt.Sprintf(`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="%s" Recipient="%s" NotOnOrAfter="%s"/></saml:SubjectConfirmation></saml:Subject>`, r.ID, r.ACSURL, until) +
		fmt.Sprintf(`<saml:Conditions NotBefore="%s" NotOnOrAfter="%s"><saml:AudienceRestriction><saml:Audience>%s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`, stamp(now.Add(-time.Minute)), until, r.EntityID) +
		fmt.Sprintf(`<saml:AuthnStatement AuthnInstant="%s" SessionIndex="%s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`, at, newID()) +
		`<saml:AttributeStatement>` + attributeXML("mail", person) + attributeXML("displayName", "Mallory Example") + attributeXML("groups", "Support") +
		`</saml:AttributeStatement></saml:Assertion></samlp:Response>`)}
}

func attributeXML(name string, values ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<saml:Attribute Name="%s" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">`, name)
	for _, v := range values {
		fmt.Fprintf(&b, `<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">%s</saml:AttributeValue>`, escape(v))
	}
	return b.String() + `</saml:Attribute>`
}

// Assertion returns the assertion of the message.
func (m Message) Assertion() *etree.Element { return m.Response.SelectElement("saml:Assertion") }

// Copy returns a message that can be changed by itself.
func (m Message) Copy() Message { return Message{m.Response.Copy()} }

// Form returns what a browser posts.
func (m Message) Form() url.Values { return form(serialize(m.Response)) }

func form(raw string) url.Values {
	return url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(raw))}}
}

// find returns the first element of that tag below e; a case that names one
// which is not there is wrong.
func find(e *etree.Element, tag string) *etree.Element {
	found := e.FindElement(".//" + tag)
	if found == nil {
		panic("samltest: no " + tag)
	}
	return found
}

func remove(e *etree.Element) *etree.Element {
	e.Parent().RemoveChild(e)
	return e
}

// after puts e behind the first child of parent that is called tag.
func after(parent *etree.Element, tag string, e etree.Token) {
	parent.InsertChildAt(find(parent, tag).Index()+1, e)
}

func parse(s string) *etree.Element {
	document := etree.NewDocument()
	if err := document.ReadFromString(s); err != nil {
		panic(err)
	}
	return document.Root()
}

func serialize(e *etree.Element) string {
	document := etree.NewDocument()
	document.SetRoot(e.Copy())
	s, err := document.WriteToString()
	if err != nil {
		panic(err)
	}
	return s
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func newID() string { return "_" + rand.Text() }
