package samltest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/sso/saml"
)

// Session is what a logout request is about.
type Session struct {
	NameID, NameIDFormat string
	SessionIndex         string
	SLOURL               string // of the service provider
}

// LogoutCase is one logout request, and what must become of it.
type LogoutCase struct {
	ID, Title string
	Accept    bool
	Reason    saml.Reason // why, when it is refused
	Post      bool        // the message goes by post: Build returns a form; else a query
	Build     func(*IdP, Session) string
}

// LogoutRequest returns a good request, not signed.
func (p *IdP) LogoutRequest(s Session) *etree.Element {
	now := p.Now()
	return parse(fmt.Sprintf(`<samlp:LogoutRequest xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" NotOnOrAfter="%s" Destination="%s"><saml:Issuer>%s</saml:Issuer><saml:NameID Format="%s">%s</saml:NameID><samlp:SessionIndex>%s</samlp:SessionIndex></samlp:LogoutRequest>`,
		nsProtocol, nsAssertion, newID(), stamp(now), stamp(now.Add(5*time.Minute)), s.SLOURL, p.EntityID, s.NameIDFormat, escape(s.NameID), escape(s.SessionIndex)))
}

// LogoutResponse returns a good answer to our request with that ID, not signed.
func (p *IdP) LogoutResponse(requestID, sloURL string) *etree.Element {
	return parse(fmt.Sprintf(`<samlp:LogoutResponse xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" Destination="%s" InResponseTo="%s"><saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status></samlp:LogoutResponse>`,
		nsProtocol, nsAssertion, newID(), stamp(p.Now()), sloURL, requestID, p.EntityID, statusGood))
}

// PostForm returns the encoded form with a message as parameter.
func PostForm(parameter string, e *etree.Element) string {
	return url.Values{parameter: {base64.StdEncoding.EncodeToString([]byte(serialize(e)))}}.Encode()
}

// Query returns a query with a message as parameter, signed by s; unsigned if
// s is empty.
func Query(parameter string, e *etree.Element, relayState string, s Signer) string {
	query := parameter + "=" + url.QueryEscape(deflated([]byte(serialize(e))))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if s.Key == nil {
		return query
	}
	method := more + "rsa-sha256"
	if s.Certificate.PublicKeyAlgorithm.String() == "ECDSA" {
		method = more + "ecdsa-sha256"
	}
	query += "&SigAlg=" + url.QueryEscape(method)
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(s.sign(hashes[method], []byte(query))))
}

func deflated(raw []byte) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(raw); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

const request = "SAMLRequest"

// byPost builds a changed request that is signed in the XML.
func byPost(s func(*IdP) Signature, change func(*IdP, *etree.Element)) func(*IdP, Session) string {
	return func(p *IdP, about Session) string {
		e := p.LogoutRequest(about)
		change(p, e)
		p.Sign(e, s(p))
		return PostForm(request, e)
	}
}

// byRedirect builds a changed request that is signed in the query.
func byRedirect(by func(*IdP) Signer, change func(*IdP, *etree.Element)) func(*IdP, Session) string {
	return func(p *IdP, about Session) string {
		e := p.LogoutRequest(about)
		change(p, e)
		return Query(request, e, "state & more", by(p))
	}
}

func unchanged(*IdP, *etree.Element) {}
func first(p *IdP) Signer            { return p.First }
func firstSigns(*IdP) Signature      { return Signature{} }
func expired(p *IdP, e *etree.Element) {
	e.CreateAttr("NotOnOrAfter", past(p))
}
func elsewhere(_ *IdP, e *etree.Element) {
	e.CreateAttr("Destination", "https://other.example.test/slo")
}

// LogoutCases are all cases of a single logout request.
var LogoutCases = []LogoutCase{
	{ID: "SL01", Title: "signed, by post", Accept: true, Post: true, Build: byPost(firstSigns, unchanged)},
	{ID: "SL01b", Title: "signed, by redirect", Accept: true, Build: byRedirect(first, unchanged)},
	{ID: "SL01c", Title: "signed with the EC key, by redirect", Accept: true, Build: byRedirect(func(p *IdP) Signer { return p.Curve }, unchanged)},
	{ID: "SL01d", Title: "signed with the second key, by post, no KeyInfo", Accept: true, Post: true,
		Build: byPost(func(p *IdP) Signature { return Signature{By: p.Second, NoKeyInfo: true} }, unchanged)},
	{ID: "SL02", Title: "unsigned, by post", Reason: saml.ReasonUnsigned, Post: true, Build: func(p *IdP, s Session) string {
		return PostForm(request, p.LogoutRequest(s))
	}},
	{ID: "SL02b", Title: "unsigned, by redirect", Reason: saml.ReasonUnsigned, Build: byRedirect(func(*IdP) Signer { return Signer{} }, unchanged)},
	{ID: "SL02c", Title: "signed in the XML only, by redirect", Reason: saml.ReasonUnsigned, Build: func(p *IdP, s Session) string {
		e := p.LogoutRequest(s)
		p.Sign(e, Signature{})
		return Query(request, e, "", Signer{})
	}},
	{ID: "SL03", Title: "signed by the attacker, by post", Reason: saml.ReasonSignature, Post: true,
		Build: byPost(func(p *IdP) Signature { return Signature{By: p.Attacker} }, unchanged)},
	{ID: "SL03b", Title: "signed by the attacker, by redirect", Reason: saml.ReasonSignature, Build: byRedirect(func(p *IdP) Signer { return p.Attacker }, unchanged)},
	{ID: "SL03c", Title: "RelayState changed after signing", Reason: saml.ReasonSignature, Build: func(p *IdP, s Session) string {
		return Query(request, p.LogoutRequest(s), "", p.First) + "&RelayState=x"
	}},
	{ID: "SL03d", Title: "NameID changed after signing", Reason: saml.ReasonSignature, Post: true, Build: func(p *IdP, s Session) string {
		e := p.LogoutRequest(s)
		p.Sign(e, Signature{})
		find(e, "NameID").SetText(p.Victim)
		return PostForm(request, e)
	}},
	{ID: "SL04", Title: "expired, by post", Reason: saml.ReasonTime, Post: true, Build: byPost(firstSigns, expired)},
	{ID: "SL04b", Title: "expired, by redirect", Reason: saml.ReasonTime, Build: byRedirect(first, expired)},
	{ID: "SL04c", Title: "issued yesterday", Reason: saml.ReasonInstant, Post: true, Build: byPost(firstSigns, func(p *IdP, e *etree.Element) {
		e.CreateAttr("IssueInstant", stamp(p.Now().Add(-24*time.Hour)))
		e.RemoveAttr("NotOnOrAfter")
	})},
	{ID: "SL05", Title: "for another destination, by post", Reason: saml.ReasonDestination, Post: true, Build: byPost(firstSigns, elsewhere)},
	{ID: "SL05b", Title: "for another destination, by redirect", Reason: saml.ReasonDestination, Build: byRedirect(first, elsewhere)},
	{ID: "SL05c", Title: "for no destination", Reason: saml.ReasonDestination, Build: byRedirect(first, func(_ *IdP, e *etree.Element) { e.RemoveAttr("Destination") })},
	{ID: "SL06", Title: "from another issuer", Reason: saml.ReasonIssuer, Post: true, Build: byPost(firstSigns, func(_ *IdP, e *etree.Element) {
		find(e, "Issuer").SetText("https://other.example.test")
	})},
	{ID: "SL07", Title: "two NameIDs", Reason: saml.ReasonNameID, Post: true, Build: byPost(firstSigns, func(p *IdP, e *etree.Element) {
		second := find(e, "NameID").Copy()
		second.SetText(p.Victim)
		after(e, "NameID", second)
	})},
	{ID: "SL08", Title: "RSA-SHA1", Reason: saml.ReasonAlgorithm, Post: true,
		Build: byPost(func(*IdP) Signature { return Signature{Method: nsSignature + "rsa-sha1", Digest: digestSHA1} }, unchanged)},
	{ID: "SL09", Title: "an answer in place of a request", Reason: saml.ReasonMessage, Build: func(p *IdP, s Session) string {
		return Query(request, p.LogoutResponse("_x", s.SLOURL), "", p.First)
	}},
	{ID: "SP20", Title: "a deflate bomb", Reason: saml.ReasonSize, Build: func(*IdP, Session) string {
		return request + "=" + url.QueryEscape(Bomb()) + "&SigAlg=x&Signature=eA%3D%3D"
	}},
}
