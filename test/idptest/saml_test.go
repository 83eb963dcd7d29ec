package idptest_test

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
	"github.com/google/go-cmp/cmp"
)

// serviceProvider takes any answer that a browser brings.
type serviceProvider struct {
	url     string
	answers chan samlAnswer
}

// samlAnswer is what the tests look at of a SAML response. Nobody signs in
// with it: no signature is checked.
type samlAnswer struct {
	Assertion struct {
		NameID     string `xml:"Subject>NameID"`
		Attributes []struct {
			Name   string   `xml:"Name,attr"`
			Values []string `xml:"AttributeValue"`
		} `xml:"AttributeStatement>Attribute"`
	}
	EncryptedAssertion *struct{} `xml:"EncryptedAssertion"`
	RelayState         string    `xml:"-"`
}

func (a samlAnswer) attribute(name string) []string {
	for _, at := range a.Assertion.Attributes {
		if at.Name == name {
			slices.Sort(at.Values)
			return at.Values
		}
	}
	return nil
}

func newServiceProvider(t *testing.T) serviceProvider {
	t.Helper()
	answers := make(chan samlAnswer, 8)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /acs", func(w http.ResponseWriter, r *http.Request) {
		text, err := base64.StdEncoding.DecodeString(r.FormValue("SAMLResponse"))
		if err != nil {
			t.Errorf("SAMLResponse: %v", err)
		}
		answer := samlAnswer{RelayState: r.FormValue("RelayState")}
		if err := xml.Unmarshal(text, &answer); err != nil {
			t.Errorf("SAMLResponse: %v\n%s", err, text)
		}
		answers <- answer
		fmt.Fprint(w, "the answer came")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return serviceProvider{server.URL, answers}
}

func (s serviceProvider) entityID() string { return s.url + "/metadata" }

func (s serviceProvider) metadata() []byte {
	return fmt.Appendf(nil, `<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
  <md:SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s/acs" index="0" isDefault="true"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>`, s.entityID(), s.url)
}

func TestSimpleSAMLphp(t *testing.T) {
	alice, bob, _ := idptest.Staff("corp.example")
	idp := idptest.NewSimpleSAMLphp(t, alice, bob)
	sp := newServiceProvider(t)
	b := browsertest.New(t)

	b.Open(idp.Start(sp.entityID(), "before"))
	b.UntilSees("Metadata not found")
	idp.Trust(sp.metadata())

	b.Open(idp.Start(sp.entityID(), "somewhere"))
	b.SignIn(alice.Login, "wrong")
	b.UntilSees("Incorrect username or password")
	b.SignIn(alice.Login, alice.Password)
	b.UntilSees("the answer came")
	answer := <-sp.answers
	if answer.Assertion.NameID == "" || answer.RelayState != "somewhere" {
		t.Errorf("answer = %+v, want a NameID, and the RelayState somewhere", answer)
	}
	for name, want := range map[string][]string{"uid": {"alice"}, "mail": {alice.Email}, "displayName": {alice.Name()}, "groups": alice.Groups} {
		if diff := cmp.Diff(want, answer.attribute(name)); diff != "" {
			t.Errorf("attribute %s (-want +got):\n%s", name, diff)
		}
	}

	// There is a session now: nobody is asked again, and they are the same.
	b.Open(idp.Start(sp.entityID(), ""))
	b.UntilSees("the answer came")
	if again := <-sp.answers; again.Assertion.NameID != answer.Assertion.NameID {
		t.Errorf("NameID = %q, then %q", answer.Assertion.NameID, again.Assertion.NameID)
	}
}

func TestLemonLDAPOverSAML(t *testing.T) {
	alice, bob, _ := idptest.Staff("corp.example")
	idp := idptest.NewLemonLDAP(t, alice, bob)
	sp := newServiceProvider(t)
	idp.Trust(sp.metadata())
	b := browsertest.New(t)
	b.Open(idp.Start(sp.entityID()))
	b.SignIn(bob.Login, "wrong")
	b.SignIn(bob.Login, bob.Password)
	b.UntilSees("the answer came")
	answer := <-sp.answers
	if answer.Assertion.NameID != bob.Email {
		t.Errorf("NameID = %q, want the address", answer.Assertion.NameID)
	}
	for name, want := range map[string][]string{"uid": {"bob"}, "email": {bob.Email}, "displayName": {bob.Name()}, "groups": {"support-admins", "support-agents"}} {
		if diff := cmp.Diff(want, answer.attribute(name)); diff != "" {
			t.Errorf("attribute %s (-want +got):\n%s", name, diff)
		}
	}
}
