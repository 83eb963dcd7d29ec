package samltest

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/sso/saml"
)

var signatures = []Case{
	bad("SS01", "no signature", saml.ReasonUnsigned, func(p *IdP, r Request) Form { return p.Message(r, p.Victim).Form() }),
	bad("SS02", "signature removed, NameID changed", saml.ReasonUnsigned, tampered(func(p *IdP, _, a *etree.Element) {
		remove(find(a, "Signature"))
		find(a, "NameID").SetText(p.Victim)
	})),
	bad("SS03", "the attacker's key and certificate in KeyInfo", saml.ReasonSignature, forged(func(p *IdP) Signature { return Signature{By: p.Attacker} })),
	bad("SS04", "the same with the identity provider's subject name", saml.ReasonSignature, forged(func(p *IdP) Signature {
		return Signature{By: p.Attacker, KeyInfo: `<ds:X509Data><ds:X509SubjectName>` + escape(p.First.Certificate.Subject.String()) +
			`</ds:X509SubjectName><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(p.Attacker.Certificate.Raw) + `</ds:X509Certificate></ds:X509Data>`}
	})),
	bad("SS05", "the attacker's key, no KeyInfo", saml.ReasonSignature, forged(func(p *IdP) Signature { return Signature{By: p.Attacker, NoKeyInfo: true} })),
	bad("SS06", "the attacker's key, the real certificate in KeyInfo", saml.ReasonSignature, forged(func(p *IdP) Signature {
		return Signature{By: p.Attacker, KeyInfo: certificateInfo(p.First)}
	})),
	bad("SS07", "RSAKeyValue", saml.ReasonSignature, forged(func(p *IdP) Signature {
		public, _ := p.Attacker.Key.Public().(*rsa.PublicKey)
		return Signature{By: p.Attacker, KeyInfo: fmt.Sprintf(`<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>%s</ds:Modulus><ds:Exponent>%s</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`,
			base64.StdEncoding.EncodeToString(public.N.Bytes()), base64.StdEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()))}
	})),
	bad("SS08", "the response signed by the attacker", saml.ReasonSignature, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Victim)
		p.Sign(m.Response, Signature{By: p.Attacker})
		return m.Form()
	}),
	bad("SS09", "NameID and attributes changed after signing", saml.ReasonSignature, tampered(func(p *IdP, _, a *etree.Element) {
		find(a, "NameID").SetText(p.Victim)
		find(a, "AttributeValue").SetText(p.Victim)
	})),
	bad("SS10", "a group changed after signing", saml.ReasonSignature, tampered(func(_ *IdP, _, a *etree.Element) {
		find(a, "Attribute[@Name='groups']").ChildElements()[0].SetText("Administrators")
	})),
	bad("SS11", "SignatureValue empty", saml.ReasonSignature, tampered(func(p *IdP, _, a *etree.Element) {
		find(a, "SignatureValue").SetText("")
		find(a, "NameID").SetText(p.Victim)
	})),
	bad("SS12", "Signature empty", saml.ReasonShape, tampered(func(p *IdP, _, a *etree.Element) {
		find(a, "Signature").Child = nil
		find(a, "NameID").SetText(p.Victim)
	})),
	bad("SS13", "Reference removed", saml.ReasonShape, tampered(func(p *IdP, _, a *etree.Element) {
		remove(find(a, "Reference"))
		find(a, "NameID").SetText(p.Victim)
	})),
	bad("SS14", "the attacker's key and no Reference", saml.ReasonShape, forged(func(p *IdP) Signature { return Signature{By: p.Attacker, NoReference: true} })),
	bad("SS15", "the signature of the metadata in a forged assertion", saml.ReasonSignature, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Victim)
		m.Assertion().CreateAttr("ID", metadataID)
		after(m.Assertion(), "Issuer", p.signature(parse(string(p.Metadata())), Signature{}))
		return m.Form()
	}),
	bad("SS16", "signed metadata beside a forged assertion", saml.ReasonShape, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Victim)
		metadata := parse(string(p.Metadata()))
		p.Sign(metadata, Signature{})
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(metadata)
		after(m.Response, "Issuer", extensions)
		return m.Form()
	}),
	bad("SS17", "RSA-SHA1 with SHA-1 by the real key", saml.ReasonAlgorithm, signed(func(*IdP) Signature {
		return Signature{Method: nsSignature + "rsa-sha1", Digest: digestSHA1}
	})),
	bad("SS18", "only the digest is SHA-1", saml.ReasonAlgorithm, signed(func(*IdP) Signature { return Signature{Digest: digestSHA1} })),
	bad("SS19", "RSA-MD5", saml.ReasonAlgorithm, signed(func(*IdP) Signature { return Signature{Method: more + "rsa-md5"} })),
	bad("SS20", "HMAC keyed with the certificate in PEM", saml.ReasonAlgorithm, mac(func(c *x509.Certificate) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	})),
	bad("SS21", "HMAC keyed with the certificate in DER", saml.ReasonAlgorithm, mac(func(c *x509.Certificate) []byte { return c.Raw })),
	bad("SS22", "HMAC keyed with the public key", saml.ReasonAlgorithm, mac(func(c *x509.Certificate) []byte { return c.RawSubjectPublicKeyInfo })),
	bad("SS23", "HMAC keyed with the base64 text", saml.ReasonAlgorithm, mac(func(c *x509.Certificate) []byte {
		return []byte(base64.StdEncoding.EncodeToString(c.Raw))
	})),
	bad("SS24", "HMAC-SHA1", saml.ReasonAlgorithm, forged(func(p *IdP) Signature {
		return Signature{Method: nsSignature + "hmac-sha1", HMAC: p.First.Certificate.Raw}
	})),
	bad("SS25", `an algorithm "none"`, saml.ReasonAlgorithm, forged(func(*IdP) Signature { return Signature{Method: "none"} })),
	bad("SS26", "a forged SignedInfo before the signed one", saml.ReasonShape, secondInfo(func(signature, info *etree.Element) { signature.InsertChildAt(0, info) })),
	bad("SS27", "a forged SignedInfo behind the signed one", saml.ReasonShape, secondInfo(func(signature, info *etree.Element) { signature.AddChild(info) })),
	bad("SS28", "the forged digest in a comment in DigestValue", saml.ReasonShape, tampered(func(p *IdP, _, a *etree.Element) {
		forgery := digestOf(p, a)
		find(a, "NameID").SetText(p.Victim)
		find(a, "DigestValue").InsertChildAt(0, etree.NewComment(forgery))
	})),
	bad("SS29", "the digest of nothing, and a relative namespace", saml.ReasonSignature, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Victim)
		m.Assertion().CreateAttr("xmlns:ns", "1")
		nothing := sha256.Sum256(nil)
		p.Sign(m.Assertion(), Signature{DigestValue: nothing[:]})
		return m.Form()
	}),
	bad("SS30", "an XSLT transform", saml.ReasonAlgorithm, signed(func(*IdP) Signature {
		return Signature{Transform: `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/></ds:Transform>`}
	})),
	bad("SS31", "the assertion's signature moved to the response", saml.ReasonSignature, tampered(func(p *IdP, response, a *etree.Element) {
		after(response, "Issuer", remove(find(a, "Signature")))
		find(a, "NameID").SetText(p.Victim)
	})),
	bad("SS32", "a good signature on the response, a bad one on the assertion", saml.ReasonSignature, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		p.Sign(m.Assertion(), Signature{By: p.Attacker})
		p.Sign(m.Response, Signature{})
		return m.Form()
	}),
	bad("SS33", "an empty URI in the Reference", saml.ReasonSignature, tampered(func(p *IdP, _, a *etree.Element) {
		find(a, "Reference").CreateAttr("URI", "")
		find(a, "NameID").SetText(p.Victim)
	})),
}

// mac builds a forgery with a HMAC whose key everybody knows.
func mac(key func(*x509.Certificate) []byte) func(*IdP, Request) Form {
	return forged(func(p *IdP) Signature { return Signature{Method: more + "hmac-sha256", HMAC: key(p.First.Certificate)} })
}

// secondInfo builds a tampered answer with a second SignedInfo whose digest
// fits the forgery.
func secondInfo(insert func(signature, info *etree.Element)) func(*IdP, Request) Form {
	return tampered(func(p *IdP, _, a *etree.Element) {
		info := find(a, "SignedInfo").Copy()
		find(info, "DigestValue").SetText(digestOf(p, a))
		find(a, "NameID").SetText(p.Victim)
		insert(find(a, "Signature"), info)
	})
}

// digestOf returns the digest that a would have if it named the victim.
func digestOf(p *IdP, a *etree.Element) string {
	forgery := a.Copy()
	remove(find(forgery, "Signature"))
	find(forgery, "NameID").SetText(p.Victim)
	return base64.StdEncoding.EncodeToString(sum(digestSHA256, canonical(forgery, "")))
}
