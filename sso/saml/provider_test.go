package saml_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// pair returns two service providers that take each other for their identity
// provider, so that each can read what the other makes. The second knows only
// the post binding of the first.
func pair(t *testing.T) (us, them *saml.ServiceProvider) {
	t.Helper()
	idp := samltest.New(idpID)
	as := func(sp *saml.ServiceProvider) []byte { // metadata of an identity provider with sp's keys and addresses
		raw, err := sp.Metadata(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		s := strings.ReplaceAll(string(raw), "SPSSODescriptor", "IDPSSODescriptor")
		return []byte(strings.ReplaceAll(s, "AssertionConsumerService", "SingleSignOnService"))
	}
	swapped := func(c *saml.Config) {
		c.EntityID, c.SLOURL, c.Keys = idpID, idp.SLOURL, []saml.Key{ourKeys()[1]}
	}
	first := provider(t, idp)
	second := provider(t, idp, swapped)
	us = provider(t, idp, func(c *saml.Config) { c.Metadata = as(second) })
	them = provider(t, idp, swapped, func(c *saml.Config) {
		byPost := strings.Replace(string(as(first)), "HTTP-Redirect", "SOAP", 1)
		c.Metadata = []byte(byPost)
	})
	return us, them
}

func TestNewRefusesMistakes(t *testing.T) {
	idp := samltest.New(idpID)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*saml.Config)
		want   saml.Reason
	}{
		{"nothing wrong", func(*saml.Config) {}, ""},
		{"no entity ID", func(c *saml.Config) { c.EntityID = "" }, saml.ReasonSetting},
		{"no ACS", func(c *saml.Config) { c.ACSURL = "" }, saml.ReasonSetting},
		{"an ACS that is no address", func(c *saml.Config) { c.ACSURL = "/acs" }, saml.ReasonSetting},
		{"an SLO that is no address", func(c *saml.Config) { c.SLOURL = "/slo" }, saml.ReasonSetting},
		{"no key", func(c *saml.Config) { c.Keys = nil }, saml.ReasonSetting},
		{"half a key", func(c *saml.Config) { c.Keys = []saml.Key{{Private: ourKeys()[0].Private}} }, saml.ReasonSetting},
		{"a certificate of another key", func(c *saml.Config) {
			c.Keys = []saml.Key{{Private: ourKeys()[0].Private, Certificate: ourKeys()[1].Certificate}}
		}, saml.ReasonSetting},
		{"an EC key", func(c *saml.Config) { c.Keys = []saml.Key{{Private: curve, Certificate: ourKeys()[1].Certificate}} }, saml.ReasonSetting},
		{"an unknown binding", func(c *saml.Config) { c.Binding = "soap" }, saml.ReasonSetting},
		{"a huge skew", func(c *saml.Config) { c.Skew = 24 * time.Hour }, saml.ReasonSetting},
		{"an empty context", func(c *saml.Config) { c.AuthnContexts = []string{""} }, saml.ReasonSetting},
		{"no metadata", func(c *saml.Config) { c.Metadata = nil }, saml.ReasonXML},
		{"a binding that the identity provider lacks", func(c *saml.Config) {
			c.Binding, c.Metadata = saml.Redirect, []byte(strings.ReplaceAll(string(c.Metadata), "HTTP-Redirect", "SOAP"))
		}, saml.ReasonEndpoint},
		{"the other binding then", func(c *saml.Config) {
			c.Metadata = []byte(strings.ReplaceAll(string(c.Metadata), "HTTP-Redirect", "SOAP"))
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := settings(idp)
			tt.change(&c)
			_, err := saml.New(c)
			if got := reason(t, err); got != tt.want {
				t.Errorf("refused for %q, want %q: %v", got, tt.want, err)
			}
		})
	}
}

// answers builds answers that only some connections take.
func answers(t *testing.T, idp *samltest.IdP) map[string]string {
	t.Helper()
	made := make(map[string]string)
	for _, tt := range samltest.Cases {
		if tt.ID == "SS17" || tt.ID == "SS18" || strings.HasPrefix(tt.ID, "SI") && tt.ID < "SI20" && tt.ID != "SI12b" {
			made[tt.ID] = tt.Build(idp, pending()).Get("SAMLResponse")
		}
	}
	return made
}

func TestDemandsOfAConnection(t *testing.T) {
	idp := samltest.New(idpID)
	posted := answers(t, idp)
	for _, tt := range []struct {
		name   string
		change func(*saml.Config)
		answer string
		want   saml.Reason
	}{
		{"plain where encryption is demanded", func(c *saml.Config) { c.RequireEncryption = true }, "SI00", saml.ReasonPlain},
		{"encrypted where it is demanded", func(c *saml.Config) { c.RequireEncryption = true }, "SI18", ""},
		{"only the assertion signed where the response must be", func(c *saml.Config) { c.RequireSignedResponse = true }, "SI00", saml.ReasonUnsigned},
		{"the response signed where it must be", func(c *saml.Config) { c.RequireSignedResponse = true }, "SI01", ""},
		{"encrypted, the response not signed where it must be", func(c *saml.Config) { c.RequireSignedResponse = true }, "SI18", saml.ReasonUnsigned},
		{"SHA-1 where it is allowed", func(c *saml.Config) { c.AllowSHA1 = true }, "SS17", ""},
		{"a digest by SHA-1 where it is allowed", func(c *saml.Config) { c.AllowSHA1 = true }, "SS18", ""},
		{"a password where a token is demanded", func(c *saml.Config) {
			c.AuthnContexts = []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"}
		}, "SI00", saml.ReasonContext},
		{"a password where it will do", func(c *saml.Config) {
			c.AuthnContexts = []string{"x", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}
		}, "SI00", ""},
		{"a clock 60 s ahead of one that may be off 10 s", func(c *saml.Config) { c.Skew = 10 * time.Second }, "SI11", saml.ReasonInstant},
		{"encrypted for the key before", func(c *saml.Config) { c.Keys = []saml.Key{ourKeys()[1], ourKeys()[0]} }, "SI13", ""},
		{"encrypted for a key that is gone", func(c *saml.Config) { c.Keys = ourKeys()[1:] }, "SI13", saml.ReasonDecryption},
		{"another identity provider", func(c *saml.Config) { c.Metadata = samltest.New("https://other.example.test").Metadata() }, "SI00", saml.ReasonIssuer},
		{"another connection's address", func(c *saml.Config) { c.ACSURL += "/other" }, "SI00", saml.ReasonDestination},
		{"another connection's entity ID", func(c *saml.Config) { c.EntityID += "/other" }, "SI00", saml.ReasonAudience},
		{"a certificate that is gone", func(c *saml.Config) { c.Metadata = idp.Metadata(idp.Second) }, "SI00", saml.ReasonSignature},
		{"a key of the other kind only", func(c *saml.Config) { c.Metadata = idp.Metadata(idp.Curve) }, "SI00", saml.ReasonSignature},
		{"an hour and a half later", func(c *saml.Config) { c.Now = func() time.Time { return time.Now().Add(90 * time.Minute) } }, "SI00", saml.ReasonInstant},
		{"ten minutes later", func(c *saml.Config) { c.Now = func() time.Time { return time.Now().Add(10 * time.Minute) } }, "SI00", saml.ReasonTime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := provider(t, idp, tt.change).Answer(posted[tt.answer], "_pending")
			if got := reason(t, err); got != tt.want {
				t.Errorf("refused for %q, want %q: %v", got, tt.want, err)
			}
		})
	}
}

func TestAnswerNeedsAPendingRequest(t *testing.T) {
	idp := samltest.New(idpID)
	r := pending()
	r.ID = ""
	m := idp.Message(r, idp.Person)
	idp.Sign(m.Assertion(), samltest.Signature{})
	if _, err := provider(t, idp).Answer(m.Form().Get("SAMLResponse"), ""); reason(t, err) != saml.ReasonInResponseTo {
		t.Errorf("an answer to nothing is not refused: %v", err)
	}
}

func TestExpiredCertificateIsNamed(t *testing.T) {
	idp := samltest.New(idpID)
	expired := samltest.Expired()
	sp := provider(t, idp, func(c *saml.Config) { c.Metadata = idp.Metadata(expired, idp.First) })
	m := idp.Message(pending(), idp.Person)
	idp.Sign(m.Assertion(), samltest.Signature{By: expired})
	_, err := sp.Answer(m.Form().Get("SAMLResponse"), "_pending")
	if reason(t, err) != saml.ReasonExpired || !strings.Contains(err.Error(), expired.Certificate.NotAfter.UTC().Format(time.DateOnly)) {
		t.Errorf("refused by %v", err)
	}
}

// TestAssertionIsReadWhole compares all that an assertion says with what was
// sent.
func TestAssertionIsReadWhole(t *testing.T) {
	idp := samltest.New(idpID)
	now := time.Now().UTC().Truncate(time.Second)
	idp.Now = func() time.Time { return now }
	sp := provider(t, idp)
	m := idp.Message(pending(), idp.Person)
	a := m.Assertion()
	id := a.FindElement(".//NameID")
	id.CreateAttr("NameQualifier", "nq")
	id.CreateAttr("SPNameQualifier", "sq")
	id.SetText("\n  Größe \n")
	end := now.Add(time.Hour)
	statement := a.FindElement(".//AuthnStatement")
	statement.CreateAttr("SessionNotOnOrAfter", end.Format(time.RFC3339))
	statement.CreateAttr("SessionIndex", "_i")
	attributes := a.FindElement(".//AttributeStatement")
	attributes.Child = nil
	for _, s := range []string{
		`<saml:Attribute Name="a" FriendlyName="b"><saml:AttributeValue> x </saml:AttributeValue><saml:AttributeValue/></saml:Attribute>`,
		`<saml:Attribute Name="b" NameFormat="urn:f"><saml:AttributeValue>y<!-- -->z</saml:AttributeValue></saml:Attribute>`,
		`<saml:Attribute Name="a"><saml:AttributeValue xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/><saml:AttributeValue>2</saml:AttributeValue></saml:Attribute>`,
		`<saml:Attribute Name="c"><saml:AttributeValue><saml:NameID>t</saml:NameID></saml:AttributeValue><saml:AttributeValue><x/></saml:AttributeValue></saml:Attribute>`,
	} {
		document := etree.NewDocument()
		if err := document.ReadFromString(s); err != nil {
			t.Fatal(err)
		}
		attributes.AddChild(document.Root())
	}
	idp.Sign(a, samltest.Signature{})
	got, err := sp.Answer(m.Form().Get("SAMLResponse"), "_pending")
	if err != nil {
		t.Fatal(err)
	}
	want := &saml.Assertion{
		ID:                  a.SelectAttrValue("ID", ""),
		Issuer:              idpID,
		Issued:              now,
		NameID:              saml.NameID{Value: "Größe", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", NameQualifier: "nq", SPNameQualifier: "sq"},
		SessionIndex:        "_i",
		AuthnInstant:        now,
		AuthnContext:        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
		NotOnOrAfter:        now.Add(7 * time.Minute),
		SessionNotOnOrAfter: &end,
		Attributes: []saml.Attribute{
			{Name: "a", FriendlyName: "b", Values: []string{" x ", ""}},
			{Name: "b", NameFormat: "urn:f", Values: []string{"yz"}},
			{Name: "a", Values: []string{"2"}},
			{Name: "c", Values: []string{"t"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Answer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{" x ", "", "2"}, got.Values("a")); diff != "" || got.Values("A") != nil {
		t.Errorf("Values (-want +got):\n%s", diff)
	}
	late := provider(t, idp, func(c *saml.Config) { c.Now = func() time.Time { return got.NotOnOrAfter } })
	if _, err := late.Answer(m.Form().Get("SAMLResponse"), "_pending"); reason(t, err) != saml.ReasonTime {
		t.Errorf("at NotOnOrAfter it is refused by %v", err)
	}
}

func TestNewKey(t *testing.T) {
	now := time.Now()
	key := ourKeys()[0]
	public, ok := key.Private.Public().(*rsa.PublicKey)
	if !ok || public.N.BitLen() != 3072 {
		t.Errorf("the key is %T", key.Private.Public())
	}
	c := key.Certificate
	if c.Subject.CommonName != "Deskbridge" || now.Before(c.NotBefore) || c.NotAfter.Before(now.AddDate(4, 11, 0)) {
		t.Errorf("the certificate is of %s, from %s to %s", c.Subject, c.NotBefore, c.NotAfter)
	}
}
