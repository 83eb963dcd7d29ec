package samltest

import (
	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/sso/saml"
)

// wrapped builds an answer in which forgery, which names the victim, and
// original, which is signed, are arranged in response, which holds neither yet.
func wrapped(arrange func(response, original, forgery *etree.Element)) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.own(r)
		arrange(m.Response, remove(m.Assertion()), p.forgery(r))
		return m.Form()
	}
}

// sameID is wrapped with one ID for both assertions.
func sameID(arrange func(response, original, forgery *etree.Element)) func(*IdP, Request) Form {
	return wrapped(func(response, original, forgery *etree.Element) {
		forgery.CreateAttr("ID", original.SelectAttrValue("ID", ""))
		arrange(response, original, forgery)
	})
}

// wrappedResponse builds a forged Response with the signature of another,
// which itself stands, without it, where put puts it.
func wrappedResponse(put func(evil, signature, original *etree.Element)) func(*IdP, Request) Form {
	return func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		signature := remove(p.Sign(m.Response, Signature{}))
		evil := p.Message(r, p.Victim)
		after(evil.Response, "Issuer", signature)
		put(evil.Response, signature, m.Response)
		return evil.Form()
	}
}

func before(response, original, forgery *etree.Element) {
	response.AddChild(forgery)
	response.AddChild(original)
}

func inside(response, original, forgery *etree.Element) {
	forgery.AddChild(original)
	response.AddChild(forgery)
}

func takesSignature(response, original, forgery *etree.Element) {
	after(forgery, "Issuer", remove(find(original, "Signature")))
	response.AddChild(forgery)
	response.AddChild(original)
}

func inExtensions(response, original, forgery *etree.Element) {
	extensions := etree.NewElement("samlp:Extensions")
	extensions.AddChild(forgery)
	after(response, "Issuer", extensions)
	response.AddChild(original)
}

func inObject(response, original, forgery *etree.Element) {
	signature := remove(find(original, "Signature"))
	signature.CreateElement("ds:Object").AddChild(original)
	after(forgery, "Issuer", signature)
	response.AddChild(forgery)
}

var wrappings = []Case{
	bad("SX01", "XSW1: the original response in the signature of a forged one", saml.ReasonShape,
		wrappedResponse(func(_, signature, original *etree.Element) { signature.AddChild(original) })),
	bad("SX02", "XSW2: the original response beside the signature of a forged one", saml.ReasonShape,
		wrappedResponse(func(evil, signature, original *etree.Element) { evil.InsertChildAt(signature.Index(), original) })),
	bad("SX03", "XSW3: a forged assertion before the signed one", saml.ReasonShape, wrapped(before)),
	bad("SX04", "XSW4: a forged assertion around the signed one", saml.ReasonShape, wrapped(inside)),
	bad("SX05", "XSW5: a forged assertion with the signature, the original behind it", saml.ReasonShape, wrapped(takesSignature)),
	bad("SX06", "XSW6: the original in the signature of the forged one", saml.ReasonShape, wrapped(func(response, original, forgery *etree.Element) {
		signature := remove(find(original, "Signature"))
		signature.AddChild(original)
		after(forgery, "Issuer", signature)
		response.AddChild(forgery)
	})),
	bad("SX07", "XSW7: a forged assertion in Extensions", saml.ReasonShape, wrapped(inExtensions)),
	bad("SX08", "XSW8: the original in an Object of the forged one's signature", saml.ReasonShape, wrapped(inObject)),
	bad("SX09", "a forged assertion behind the signed one", saml.ReasonShape, wrapped(func(response, original, forgery *etree.Element) {
		before(response, forgery, original)
	})),
	bad("SX10", "XSW3 with one ID", saml.ReasonID, sameID(before)),
	bad("SX11", "XSW4 with one ID", saml.ReasonID, sameID(inside)),
	bad("SX12", "XSW5 with one ID", saml.ReasonID, sameID(takesSignature)),
	bad("SX13", "XSW7 with one ID", saml.ReasonID, sameID(inExtensions)),
	bad("SX14", "XSW8 with one ID", saml.ReasonShape, sameID(inObject)), // the Object comes first
	bad("SX15", "the signed assertion in StatusDetail", saml.ReasonShape, wrapped(func(response, original, forgery *etree.Element) {
		find(response, "Status").CreateElement("samlp:StatusDetail").AddChild(original)
		response.AddChild(forgery)
	})),
	bad("SX16", "an ID in a foreign namespace", saml.ReasonID, wrapped(func(response, original, forgery *etree.Element) {
		id := original.SelectAttrValue("ID", "")
		forgery.Attr = append([]etree.Attr{{Space: "xmlns", Key: "x", Value: "urn:x"}, {Space: "x", Key: "ID", Value: id}}, forgery.Attr...)
		after(forgery, "Issuer", remove(find(original, "Signature")))
		response.AddChild(forgery)
	})),
	bad("SX17", "forged statements in an Object of the signed assertion's signature", saml.ReasonShape, wrapped(func(response, original, forgery *etree.Element) {
		object := find(original, "Signature").CreateElement("ds:Object")
		object.AddChild(remove(find(forgery, "Subject")))
		object.AddChild(remove(find(forgery, "AttributeStatement")))
		response.AddChild(original)
	})),
	bad("SX18", "a forged EncryptedAssertion beside the signed one", saml.ReasonShape, func(p *IdP, r Request) Form {
		m := p.own(r)
		m.Response.AddChild(encrypted([]byte(serialize(p.forgery(r))), r.Encrypt, Encryption{}))
		return m.Form()
	}),
	bad("SX19", "encrypted, and not signed", saml.ReasonUnsigned, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Victim)
		m.Encrypt(r.Encrypt, Encryption{})
		return m.Form()
	}),
	bad("SX20", "the key transported by RSA PKCS#1 v1.5", saml.ReasonAlgorithm, crypted(Encryption{Transport: nsEncryption + "rsa-1_5"})),
	bad("SX21", "a forged assertion in the encrypted one's advice", saml.ReasonShape, func(p *IdP, r Request) Form {
		m := p.own(r)
		evil := p.forgery(r)
		evil.CreateElement("saml:Advice").AddChild(remove(m.Assertion()))
		m.Response.AddChild(encrypted([]byte(serialize(evil)), r.Encrypt, Encryption{}))
		return m.Form()
	}),
	bad("SX22", "encrypted for somebody else", saml.ReasonDecryption, func(p *IdP, r Request) Form {
		m := p.own(r)
		m.Encrypt(p.First.Certificate, Encryption{})
		return m.Form()
	}),
	bad("SX23", "an encrypted text that is no assertion", saml.ReasonDecryption, func(p *IdP, r Request) Form {
		m := p.Message(r, p.Person)
		remove(m.Assertion())
		m.Response.AddChild(encrypted([]byte("<a>&b;</a>"), r.Encrypt, Encryption{Content: nsEncryption + "aes128-cbc"}))
		return m.Form()
	}),
	bad("SX24", "an encrypted assertion with a document type", saml.ReasonDecryption, func(p *IdP, r Request) Form {
		m := p.own(r)
		plain := `<!DOCTYPE a [<!ENTITY e "x">]>` + serialize(remove(m.Assertion()))
		m.Response.AddChild(encrypted([]byte(plain), r.Encrypt, Encryption{}))
		return m.Form()
	}),
	bad("SX25", "an assertion of a foreign namespace beside the signed one", saml.ReasonShape, wrapped(func(response, original, forgery *etree.Element) {
		forgery.CreateAttr("xmlns:saml", "urn:x")
		before(response, original, forgery)
	})),
}
