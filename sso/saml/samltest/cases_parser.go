package samltest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/sso/saml"
)

// evil is the NameID of somebody whom the identity provider really has, and
// which starts with the victim's.
func evil(p *IdP) string { return p.Victim + ".evil.test" }

// split is a case in which something stands behind the victim's name in the
// NameID and in the mail. It may be accepted, for the whole name.
func split(id, title, between string) Case {
	return Case{ID: id, Title: title, Accept: true, SignsIn: evil, Build: func(p *IdP, r Request) Form {
		m := p.Message(r, evil(p))
		p.Sign(m.Assertion(), Signature{})
		return form(strings.ReplaceAll(serialize(m.Response), ">"+evil(p)+"<", ">"+strings.Replace(between, "$", p.Victim, 1)+"<"))
	}}
}

// prefixed builds a good answer behind some XML.
func prefixed(prefix string) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form { return form(prefix + serialize(p.own(r).Response)) }
}

// replaced builds a good answer in whose text something is replaced.
func replaced(old, by string) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		return form(strings.Replace(serialize(p.own(r).Response), old, by, 1))
	}
}

var parsers = []Case{
	split("SP01", "a comment in NameID and mail, added after signing", "$<!---->.evil.test"),
	split("SP02", "a comment in front", "<!-- -->$.evil.test"),
	split("SP03", "split by CDATA", "$<![CDATA[.evil]]>.test"),
	bad("SP04", "split by a processing instruction", saml.ReasonInstruction, func(p *IdP, r Request) Form {
		m := p.Message(r, evil(p))
		p.Sign(m.Assertion(), Signature{})
		return form(strings.ReplaceAll(serialize(m.Response), p.Victim, p.Victim+"<?x?>"))
	}),
	bad("SP05", "a document type with an internal entity", saml.ReasonDoctype, prefixed(`<!DOCTYPE a [<!ENTITY e "x">]>`)),
	bad("SP06", "an external entity over http", saml.ReasonDoctype, prefixed(`<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:9/e">]>`)),
	bad("SP07", "an external entity from a file", saml.ReasonDoctype, prefixed(`<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>`)),
	bad("SP08", "an external document type and a parameter entity", saml.ReasonDoctype,
		prefixed(`<!DOCTYPE a SYSTEM "http://127.0.0.1:9/d" [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>`)),
	bad("SP09", "a bomb of entities", saml.ReasonDoctype,
		prefixed(`<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`)),
	bad("SP10", "a document type whose quotes parsers read differently", saml.ReasonDoctype, prefixed(`<!DOCTYPE a PUBLIC "x'" "y" [<!ENTITY e '"'>]>`)),
	bad("SP11", "a document type with a default namespace", saml.ReasonDoctype, prefixed(`<!DOCTYPE a [<!ATTLIST Assertion xmlns CDATA "urn:x">]>`)),
	bad("SP12", "names with two colons", saml.ReasonXML, replaced("<saml:Subject>", "<saml::Subject>")),
	bad("SP12b", "attributes with two colons", saml.ReasonXML, replaced(" Version=", " x::y='' Version=")),
	bad("SP13", "the victim as NameID of a foreign namespace", saml.ReasonNameID, changed(func(p *IdP, _, a *etree.Element) {
		id := find(a, "NameID")
		id.Space = "x"
		id.CreateAttr("xmlns:x", "urn:x")
		id.SetText(p.Victim)
	})),
	bad("SP14", "two NameIDs, the victim's last", saml.ReasonNameID, changed(func(p *IdP, _, a *etree.Element) {
		second := find(a, "NameID").Copy()
		second.SetText(p.Victim)
		after(find(a, "Subject"), "NameID", second)
	})),
	bad("SP15", "an AttributeStatement of a foreign namespace", saml.ReasonShape, changed(func(p *IdP, _, a *etree.Element) {
		foreign := find(a, "AttributeStatement").Copy()
		foreign.CreateAttr("xmlns:saml", "urn:x")
		find(foreign, "AttributeValue").SetText(p.Victim)
		a.AddChild(foreign)
	})),
	bad("SP16", "24 MB", saml.ReasonSize, func(p *IdP, r Request) Form {
		return form(strings.Replace(serialize(p.own(r).Response), "<samlp:Status>", "<samlp:Status>"+strings.Repeat(" ", 24<<20), 1))
	}),
	bad("SP17", "100,000 nested elements", saml.ReasonSize, nested(100_000, "a")),
	bad("SP17b", "20,000 nested elements", saml.ReasonComplexity, nested(20_000, "a")),
	bad("SP17c", "20,000 elements side by side", saml.ReasonComplexity, replaced("<samlp:Status>", "<samlp:Status>"+strings.Repeat("<a/>", 20_000))),
	bad("SP18", "3,000 nested namespace declarations", saml.ReasonComplexity, func(p *IdP, r Request) Form {
		var open, end strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&open, `<a%d xmlns:n%d="urn:%d">`, i, i, i)
		}
		for i := range 3000 {
			fmt.Fprintf(&end, `</a%d>`, 2999-i)
		}
		return replaced("<samlp:Status>", "<samlp:Status>"+open.String()+end.String())(p, r)
	}),
	bad("SP18b", "3,000 namespaces on one element", saml.ReasonComplexity, func(p *IdP, r Request) Form {
		var declarations strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&declarations, ` xmlns:n%d="urn:%d"`, i, i)
		}
		return replaced("<samlp:Status>", "<samlp:Status"+declarations.String()+">")(p, r)
	}),
	good("SP18c", "as much as is allowed of everything", func(p *IdP, r Request) Form {
		open, end := "", ""
		for i := range 36 {
			open += fmt.Sprintf(`<a%d xmlns:n%[1]d="urn:%[1]d" xmlns:m%[1]d="urn:%[1]d" xmlns:o%[1]d="urn:%[1]d"`, i)
			for j := range 60 {
				open += fmt.Sprintf(` x%d=""`, j)
			}
			open, end = open+">", fmt.Sprintf(`</a%d>`, i)+end
		}
		return replaced("<samlp:Status>", "<samlp:Status>"+open+strings.Repeat("<n0:b x='' y=''></n0:b>", 9900)+end)(p, r)
	}),
	bad("SP19", "a deflate bomb", saml.ReasonXML, func(*IdP, Request) Form {
		return Form{"SAMLResponse": {Bomb()}}
	}),
	bad("SP21", "one attribute twice", saml.ReasonXML, replaced(" Version=", ` Version="1.1" Version=`)),
	bad("SP22", "a prefix that is not declared", saml.ReasonXML, replaced("<samlp:Status>", "<samlp:Status><y:z/>")),
	bad("SP23", "two document elements", saml.ReasonXML, func(p *IdP, r Request) Form {
		s := serialize(p.own(r).Response)
		return form(s + s)
	}),
	bad("SP24", "text behind the end", saml.ReasonXML, func(p *IdP, r Request) Form { return form(serialize(p.own(r).Response) + "x") }),
	bad("SP25", "no end", saml.ReasonXML, replaced("</samlp:Response>", "")),
	bad("SP26", "another encoding", saml.ReasonXML, prefixed(`<?xml version="1.0" encoding="UTF-7"?>`)),
}

var encodings = []Case{
	bad("SP30", "nothing", saml.ReasonEncoding, func(*IdP, Request) Form { return Form{"SAMLResponse": {""}} }),
	bad("SP31", "no base64", saml.ReasonEncoding, func(*IdP, Request) Form { return Form{"SAMLResponse": {"<samlp:Response/>"}} }),
	bad("SP32", "no XML", saml.ReasonXML, func(*IdP, Request) Form { return form("hello") }),
	bad("SP33", "another message", saml.ReasonMessage, func(p *IdP, _ Request) Form { return form(string(p.Metadata())) }),
	bad("SP34", "only the assertion", saml.ReasonMessage, func(p *IdP, r Request) Form { return form(serialize(p.own(r).Assertion())) }),
}

func nested(n int, tag string) func(*IdP, Request) Form {
	return replaced("<samlp:Status>", "<samlp:Status>"+strings.Repeat("<"+tag+">", n)+strings.Repeat("</"+tag+">", n))
}

// Bomb returns 50 MB of spaces, deflated, in base64. It is made once.
var Bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	for range 50 {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
})
