package deskidp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// serviceProvider returns the desk as crewjam's own service provider.
func (h *harness) serviceProvider() *crewjam.ServiceProvider {
	h.Helper()
	resp, err := http.Get(h.server.URL + "/sso/idp/saml/support/metadata")
	h.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	h.must(err)
	metadata := new(crewjam.EntityDescriptor)
	h.must(xmlUnmarshal(text, metadata))
	acs, err := url.Parse(h.desk.URL + "/acs")
	h.must(err)
	mine, err := url.Parse(h.desk.URL + "/metadata")
	h.must(err)
	return &crewjam.ServiceProvider{EntityID: mine.String(), MetadataURL: *mine, AcsURL: *acs, IDPMetadata: metadata, AllowIDPInitiated: false,
		AuthnNameIDFormat: crewjam.UnspecifiedNameIDFormat}
}

// withKey gives a service provider a key, and the desk its certificate.
func (h *harness) withKey(sp *crewjam.ServiceProvider) {
	h.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	h.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	h.must(err)
	sp.Key, sp.SignatureMethod = key, dsig.RSASHA256SignatureMethod
	sp.Certificate, err = x509.ParseCertificate(der)
	h.must(err)
	h.changeDesk("support", func(s *protocol.DeskSignIn) {
		s.SAML.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	})
}

// request returns an AuthnRequest, and the address with it in the query.
func (h *harness) request(sp *crewjam.ServiceProvider, relayState string) (*crewjam.AuthnRequest, string) {
	h.Helper()
	to := sp.GetSSOBindingLocation(crewjam.HTTPRedirectBinding)
	request, err := sp.MakeAuthenticationRequest(to, crewjam.HTTPRedirectBinding, crewjam.HTTPPostBinding)
	h.must(err)
	u, err := request.Redirect(relayState, sp)
	h.must(err)
	return request, u.String()
}

// accept has the service provider judge what a page posts to it.
func (h *harness) accept(sp *crewjam.ServiceProvider, p page, requestID string) *crewjam.Assertion {
	h.Helper()
	action, fields := p.form(h)
	if action != sp.AcsURL.String() {
		h.Errorf("the answer goes to %s, want %s", action, sp.AcsURL.String())
	}
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, action, strings.NewReader(fields.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.must(r.ParseForm())
	ids := []string{requestID}
	if requestID == "" {
		sp.AllowIDPInitiated, ids = true, []string{""}
	}
	assertion, err := sp.ParseResponse(r, ids)
	if err != nil {
		if e, ok := err.(*crewjam.InvalidResponseError); ok {
			err = e.PrivateErr
		}
		h.Fatalf("the service provider refuses: %v", err)
	}
	return assertion
}

func attributesOf(a *crewjam.Assertion) map[string][]string {
	got := make(map[string][]string)
	for _, statement := range a.AttributeStatements {
		for _, at := range statement.Attributes {
			for _, v := range at.Values {
				got[at.Name] = append(got[at.Name], v.Value)
			}
		}
	}
	return got
}

func TestSAMLSignIn(t *testing.T) {
	h := newHarness(t)
	sp := h.serviceProvider()
	const relayState = `https://desk.example/x?a=b&c="><script>alert(1)</script>'+ é`

	t.Run("by redirect, of somebody who has to sign in first", func(t *testing.T) {
		h := h.with(t)
		request, to := h.request(sp, relayState)
		b := h.browser()
		p := b.get(to)
		a := h.accept(sp, p, request.ID)
		if h.portal.asked != 1 {
			t.Errorf("asked to sign in %d times, want once", h.portal.asked)
		}
		_, fields := p.form(t)
		if got := fields.Get("RelayState"); got != relayState {
			t.Errorf("RelayState = %q, want %q", got, relayState)
		}
		if strings.Contains(p.body, "<script>alert") {
			t.Error("the RelayState is not escaped")
		}
		if policy := p.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("policy = %q", policy)
		}
		want := map[string][]string{"email": {"ada@example.test"}, "name": {"Ada <b>Byron</b> & Søn"}, "first_name": {"Ada"}, "last_name": {"Byron"},
			"username": {"ada"}, "role": {"Agent"}, "groups": {"Billing", "Tier 1"}}
		if diff := cmp.Diff(want, attributesOf(a)); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
		if id := a.Subject.NameID; id.Value != "ada@example.test" || id.Format != string(crewjam.EmailAddressNameIDFormat) {
			t.Errorf("NameID = %+v", id)
		}
		if a.Conditions.AudienceRestrictions[0].Audience.Value != sp.EntityID || a.Conditions.NotOnOrAfter.After(time.Now().Add(5*time.Minute)) {
			t.Errorf("conditions = %+v", a.Conditions)
		}
		if end := a.AuthnStatements[0].SessionNotOnOrAfter; end == nil || end.Before(time.Now()) {
			t.Errorf("SessionNotOnOrAfter = %v", end)
		}
		entry := h.audited("desk_session.signed_in")[0]
		if entry.Subject != string(h.person.ID) || entry.Desk != h.deskNamed("support").ID || entry.Detail["protocol"] != "saml" {
			t.Errorf("audit = %+v", entry)
		}
		if again := h.accept(sp, b.get(to), request.ID); again.AuthnStatements[0].SessionIndex != a.AuthnStatements[0].SessionIndex {
			t.Error("a second sign-in with the same session has another SessionIndex")
		}
	})
	t.Run("by post", func(t *testing.T) {
		h := h.with(t)
		to := sp.GetSSOBindingLocation(crewjam.HTTPPostBinding)
		request, err := sp.MakeAuthenticationRequest(to, crewjam.HTTPPostBinding, crewjam.HTTPPostBinding)
		h.must(err)
		b, asked := h.signedIn(), h.portal.asked
		h.accept(sp, b.post(to, url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(elementBytes(t, request.Element()))}}, true), request.ID)
		if h.portal.asked != asked {
			t.Error("somebody who is signed in was asked to sign in")
		}
	})
	t.Run("from our side", func(t *testing.T) {
		h := h.with(t)
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.SAML.RelayState = "/inbox" })
		p := h.signedIn().get(h.idp.LaunchURL(h.deskNamed("support")))
		h.accept(h.serviceProvider(), p, "")
		if _, fields := p.form(t); fields.Get("RelayState") != "/inbox" {
			t.Errorf("RelayState = %q", fields.Get("RelayState"))
		}
	})
	t.Run("with a signed request", func(t *testing.T) {
		h := h.with(t)
		sp := h.serviceProvider()
		h.withKey(sp)
		request, to := h.request(sp, "state")
		h.accept(sp, h.signedIn().get(to), request.ID)
		p := h.signedIn().get(strings.Replace(to, "RelayState=state", "RelayState=other", 1))
		if p.status != http.StatusBadRequest {
			t.Errorf("a RelayState that the signature does not cover: %d", p.status)
		}
		h.refusedFor("saml-signature")
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.SAML.Certificate = "" })
	})
	t.Run("with what its kind of desk needs", func(t *testing.T) {
		h := h.with(t)
		h.kinds["builtin"] = protocol.DeskSAML{NameID: protocol.FieldUserName, Attributes: map[protocol.Field]string{protocol.FieldPhone: "tel", protocol.FieldRole: "rank"}}
		defer delete(h.kinds, "builtin")
		request, to := h.request(sp, "")
		a := h.accept(sp, h.signedIn().get(to), request.ID)
		if a.Subject.NameID.Value != "ada" {
			t.Errorf("NameID = %+v", a.Subject.NameID)
		}
		if diff := cmp.Diff(map[string][]string{"rank": {"Agent"}}, attributesOf(a)); diff != "" { // no phone is known
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
	})
	t.Run("with an unsigned response and names of the desk's own", func(t *testing.T) {
		h := h.with(t)
		h.changeDesk("support", func(s *protocol.DeskSignIn) {
			s.SAML.SignResponse, s.SAML.NameID = new(false), protocol.FieldID
			s.SAML.Attributes = map[protocol.Field]string{protocol.FieldEmail: "urn:oid:0.9.2342.19200300.100.1.3"}
		})
		request, to := h.request(sp, "")
		p := h.signedIn().get(to)
		a := h.accept(sp, p, request.ID)
		if a.Subject.NameID.Value != string(h.person.ID) {
			t.Errorf("NameID = %+v", a.Subject.NameID)
		}
		if diff := cmp.Diff(map[string][]string{"urn:oid:0.9.2342.19200300.100.1.3": {"ada@example.test"}}, attributesOf(a)); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
		_, fields := p.form(t)
		xml, err := base64.StdEncoding.DecodeString(fields.Get("SAMLResponse"))
		h.must(err)
		if n := strings.Count(string(xml), "<ds:Signature "); n != 1 {
			t.Errorf("%d signatures, want 1", n)
		}
	})
}

func TestSAMLForcesAndSparesASignIn(t *testing.T) {
	h := newHarness(t)
	sp := h.serviceProvider()
	sp.ForceAuthn = new(true)
	request, to := h.request(sp, "")
	b := h.signedIn()
	h.accept(sp, b.get(to), request.ID)
	if h.portal.asked != 1 {
		t.Errorf("ForceAuthn asked %d times", h.portal.asked)
	}
	h.portal.signIn = false
	_, to = h.request(sp, "")
	if p := b.get(to); p.status != http.StatusForbidden || p.body != "failed: login-required" {
		t.Errorf("ForceAuthn without a new sign-in: %d %s", p.status, p.body)
	}

	sp.ForceAuthn = nil
	asked := h.portal.asked
	passive, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(crewjam.HTTPRedirectBinding), crewjam.HTTPRedirectBinding, crewjam.HTTPPostBinding)
	h.must(err)
	passive.IsPassive = new(true)
	u, err := passive.Redirect("", sp)
	h.must(err)
	_, fields := h.browser().get(u.String()).form(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sp.AcsURL.String(), strings.NewReader(fields.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.must(r.ParseForm())
	_, err = sp.ParseResponse(r, []string{passive.ID})
	status, ok := err.(*crewjam.InvalidResponseError)
	if !ok || !strings.Contains(status.PrivateErr.Error(), "Responder") || h.portal.asked != asked {
		t.Errorf("IsPassive for nobody: %v, asked %d times more", err, h.portal.asked-asked)
	}
	if !strings.Contains(status.Response, "status:NoPassive") {
		t.Errorf("the answer does not say NoPassive: %s", status.Response)
	}
}
