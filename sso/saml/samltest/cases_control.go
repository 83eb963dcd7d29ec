package samltest

import (
	"crypto"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/beevik/etree"
)

var controls = []Case{
	good("SC01", "a good answer", signed(func(*IdP) Signature { return Signature{} })),
	good("SI00", "the assertion is signed", signed(func(*IdP) Signature { return Signature{} })),
	good("SI01", "the response is signed", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		p.Sign(m.Response, Signature{})
		return m.Form()
	}),
	good("SI02", "both are signed", changed(func(*IdP, *etree.Element, *etree.Element) {})),
	good("SI03", "the second certificate", signed(func(p *IdP) Signature { return Signature{By: p.Second} })),
	good("SI04", "no KeyInfo, the first certificate", signed(func(p *IdP) Signature { return Signature{By: p.First, NoKeyInfo: true} })),
	good("SI05", "no KeyInfo, the second certificate", signed(func(p *IdP) Signature { return Signature{By: p.Second, NoKeyInfo: true} })),
	good("SI06", "RSA-SHA512", signed(func(*IdP) Signature { return Signature{Method: more + "rsa-sha512", Digest: digestSHA512} })),
	good("SI07", "ECDSA-SHA256 with r and s side by side", signed(func(p *IdP) Signature { return Signature{By: p.Curve} })),
	good("SI07b", "ECDSA-SHA256 without KeyInfo", signed(func(p *IdP) Signature { return Signature{By: p.Curve, NoKeyInfo: true} })),
	good("SI08", "two audiences, ours first", changed(func(_ *IdP, _, a *etree.Element) {
		find(a, "AudienceRestriction").CreateElement("saml:Audience").SetText("https://other.example.test")
	})),
	good("SI09", "two audiences, ours last", changed(func(_ *IdP, _, a *etree.Element) {
		other := etree.NewElement("saml:Audience")
		other.SetText("https://other.example.test")
		find(a, "AudienceRestriction").InsertChildAt(0, other)
	})),
	good("SI10", "a clock 60 s behind", at(-time.Minute)),
	good("SI11", "a clock 60 s ahead", at(time.Minute)),
	good("SI12", "300 groups, not all ASCII", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		addGroups(m.Assertion(), 300)
		p.Sign(m.Assertion(), Signature{})
		return m.Form()
	}),
	good("SI12b", "1200 groups", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		addGroups(m.Assertion(), 1200)
		p.Sign(m.Assertion(), Signature{})
		p.Sign(m.Response, Signature{})
		return m.Form()
	}),
	good("SI13", "encrypted with AES-256-CBC", crypted(Encryption{Content: nsEncryption + "aes256-cbc"})),
	good("SI13b", "encrypted with AES-128-CBC", crypted(Encryption{Content: nsEncryption + "aes128-cbc"})),
	good("SI14", "encrypted with AES-128-GCM", crypted(Encryption{Content: nsEncryption11 + "aes128-gcm"})),
	good("SI18", "encrypted with AES-256-GCM", crypted(Encryption{})),
	good("SI18b", "the key beside the data", crypted(Encryption{Beside: true})),
	good("SI18c", "RSA-OAEP with SHA-256 and the mask of SHA-1", crypted(Encryption{Hash: crypto.SHA256})),
	good("SI18d", "RSA-OAEP with SHA-256 throughout, not said", crypted(Encryption{Hash: crypto.SHA256, Mask: crypto.SHA256})),
	good("SI18e", "RSA-OAEP of XMLEnc 1.1", crypted(Encryption{Transport: nsEncryption11 + "rsa-oaep", Hash: crypto.SHA256, Mask: crypto.SHA256})),
	good("SI18h", "the key says that it is for another certificate", crypted(Encryption{Misnamed: true})),
	good("SI18f", "encrypted, only the response signed", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		m.Encrypt(r.Encrypt, Encryption{})
		p.Sign(m.Response, Signature{})
		return m.Form()
	}),
	good("SI18g", "encrypted, with namespaces declared outside", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		p.Sign(m.Assertion(), Signature{})
		m.Assertion().RemoveAttr("xmlns:saml")
		m.Encrypt(r.Encrypt, Encryption{})
		return m.Form()
	}),
	good("SI17", "base64 with line breaks", func(p *IdP, r Request) Form {
		f := p.own(r).Form()
		f.Set("SAMLResponse", regexp.MustCompile(`.{76}`).ReplaceAllString(f.Get("SAMLResponse"), "$0\r\n"))
		return f
	}),
	good("SI19", "white space between all elements", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		indent(m.Response)
		p.Sign(m.Assertion(), Signature{})
		p.Sign(m.Response, Signature{})
		return m.Form()
	}),
	good("SI20", "an XML declaration, a byte order mark, comments between elements", func(p *IdP, r Request) Form {
		return form("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by a test -->\n" + serialize(p.own(r).Response))
	}),
	good("SI21", "canonicalised with comments", signed(func(*IdP) Signature {
		return Signature{Transform: fmt.Sprintf(`<ds:Transform Algorithm="%sWithComments"/>`, exclusive)}
	})),
	good("SI22", "a second confirmation that is not for a bearer", changed(func(_ *IdP, _, a *etree.Element) {
		other := find(a, "SubjectConfirmation").Copy()
		other.CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
		find(a, "Subject").InsertChildAt(find(a, "SubjectConfirmation").Index(), other)
	})),
	good("SI23", "line breaks in SignatureValue", tampered(func(_ *IdP, _, a *etree.Element) {
		value := find(a, "SignatureValue")
		value.SetText("\n  " + regexp.MustCompile(`.{64}`).ReplaceAllString(value.Text(), "$0\n  ") + "\n")
	})),
	good("SI24", "namespaces that are canonicalised though not used", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		for _, e := range []*etree.Element{m.Response, m.Assertion()} {
			e.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
		}
		p.Sign(m.Assertion(), Signature{Prefixes: "xs"})
		p.Sign(m.Response, Signature{Prefixes: "xs"})
		return m.Form()
	}),
	good("SI25", "default namespaces throughout", func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		unprefixed := strings.NewReplacer("<saml:", "<", "</saml:", "</", "xmlns:saml=", "xmlns=")
		a := parse(unprefixed.Replace(serialize(remove(m.Assertion()))))
		m.Response.AddChild(a)
		signature := p.signature(a, Signature{Unprefixed: true})
		a.InsertChildAt(find(a, "Issuer").Index()+1, signature)
		return m.Form()
	}),
	good("SI26", "IDs that are bare GUIDs", changed(func(_ *IdP, response, a *etree.Element) {
		response.CreateAttr("ID", "0b3e7a52-33c8-4c0e-9f0e-0d2f7a4f5e10")
		a.CreateAttr("ID", "7d5f0a11-2b1f-4b3f-8d5c-6a0a5d3a9e21")
	})),
	good("SC99", "a good answer, after all the others", signed(func(*IdP) Signature { return Signature{} })),
}

// at builds a good answer by a clock that is off.
func at(off time.Duration) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.messageAt(r, p.Person, p.Now().Add(off))
		p.Sign(m.Assertion(), Signature{})
		return m.Form()
	}
}

// crypted builds a good answer whose assertion is signed, and then encrypted.
func crypted(o Encryption) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.own(r)
		m.Encrypt(r.Encrypt, o)
		return m.Form()
	}
}

func addGroups(assertion *etree.Element, n int) {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = fmt.Sprintf("Größe 组 %d & <%d>", i, i)
	}
	find(assertion, "AttributeStatement").AddChild(parse(attributeXML("manyGroups", groups...)))
}

// indent puts line breaks between elements, but not into values.
func indent(e *etree.Element) {
	if len(e.ChildElements()) == 0 {
		return
	}
	for _, child := range e.ChildElements() {
		e.InsertChildAt(child.Index(), etree.NewText("\n  "))
		indent(child)
	}
}
