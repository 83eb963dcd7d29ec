package deskidp_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// authnRequest returns a good request, with changes made to its text.
func (h *harness) authnRequest(changes ...string) string {
	text := fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" `+
		`IssueInstant="%s" Destination="%s/sso/idp/saml/support/sso" AssertionConsumerServiceURL="%s/acs"><saml:Issuer>%s/metadata</saml:Issuer></samlp:AuthnRequest>`,
		time.Now().UTC().Format(time.RFC3339), h.server.URL, h.desk.URL, h.desk.URL)
	return strings.NewReplacer(changes...).Replace(text)
}

func deflated(t testing.TB, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestSAMLAttacks(t *testing.T) {
	h := newHarness(t)
	b := h.signedIn()
	at := h.server.URL + "/sso/idp/saml/support/sso"
	redirect := func(text string) func() page {
		return func() page { return b.get(at + "?" + url.Values{"SAMLRequest": {deflated(t, []byte(text))}}.Encode()) }
	}
	post := func(text, relayState string) func() page {
		return func() page {
			return b.post(at, url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(text))}, "RelayState": {relayState}}, true)
		}
	}
	if p := redirect(h.authnRequest())(); p.status != http.StatusOK {
		t.Fatalf("a good request: %d %s", p.status, p.body)
	}
	acs := `AssertionConsumerServiceURL="` + h.desk.URL + `/acs"`
	for _, tt := range []struct {
		name   string
		send   func() page
		reason string
	}{
		{"the answer to a stranger", redirect(h.authnRequest(acs, `AssertionConsumerServiceURL="https://evil.test/acs"`)), "answer-address"},
		{"the answer to an address that begins like ours", redirect(h.authnRequest(acs, `AssertionConsumerServiceURL="`+h.desk.URL+`/acs.evil"`)), "answer-address"},
		{"the answer to a script", redirect(h.authnRequest(acs, `AssertionConsumerServiceURL="javascript:alert(1)"`)), "answer-address"},
		{"the answer by another binding", redirect(h.authnRequest(acs, acs+` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`)), "answer-address"},
		{"another issuer", redirect(h.authnRequest(h.desk.URL+"/metadata", "https://evil.test/metadata")), "issuer"},
		{"no issuer", redirect(h.authnRequest("<saml:Issuer>"+h.desk.URL+"/metadata</saml:Issuer>", "")), "saml-issuer"},
		{"two issuers", redirect(h.authnRequest("</saml:Issuer>", "</saml:Issuer><saml:Issuer>https://evil.test</saml:Issuer>")), "saml-shape"},
		{"an issuer split by a comment is read whole", redirect(h.authnRequest("/metadata</saml:Issuer>", "/meta<!-- -->data.evil</saml:Issuer>")), "issuer"},
		{"another destination", redirect(h.authnRequest("saml/support/sso", "saml/other/sso")), "destination"},
		{"of an hour ago", redirect(h.authnRequest("IssueInstant=\"", `IssueInstant="2020-01-01T00:00:00Z" x="`)), "saml-instant"},
		{"of tomorrow", redirect(h.authnRequest("IssueInstant=\"", `IssueInstant="2999-01-01T00:00:00Z" x="`)), "saml-instant"},
		{"SAML 1.1", redirect(h.authnRequest(`Version="2.0"`, `Version="1.1"`)), "saml-version"},
		{"a document type", redirect(`<!DOCTYPE x [<!ENTITY a "b">]>` + h.authnRequest()), "saml-doctype"},
		{"an entity from a file", redirect(`<!DOCTYPE x SYSTEM "file:///etc/passwd">` + h.authnRequest()), "saml-doctype"},
		{"a deflate bomb", redirect(h.authnRequest("</saml:Issuer>", "</saml:Issuer>"+strings.Repeat(" ", 50<<20))), "saml-size"},
		{"10 MB in a form", post(strings.Repeat("x", 10<<20), ""), "bad-request"},
		{"700 kB in a form", post(h.authnRequest("</saml:Issuer>", "</saml:Issuer>"+strings.Repeat(" ", 600<<10)), ""), "saml-size"},
		{"100,000 elements", redirect(h.authnRequest("</saml:Issuer>", "</saml:Issuer>"+strings.Repeat("<a/>", 100_000))), "saml-complexity"},
		{"nested elements", redirect(h.authnRequest("</saml:Issuer>", "</saml:Issuer>"+strings.Repeat("<a>", 1000)+strings.Repeat("</a>", 1000))), "saml-complexity"},
		{"an assertion inside", redirect(h.authnRequest("</saml:Issuer>", "</saml:Issuer><saml:Assertion/>")), "saml-shape"},
		{"another message", redirect(strings.ReplaceAll(h.authnRequest(), "AuthnRequest", "LogoutRequest")), "saml-message"},
		{"no message", func() page { return b.get(at) }, "saml-encoding"},
		{"two messages", func() page { return b.get(at + "?SAMLRequest=a&SAMLRequest=b") }, "saml-encoding"},
		{"no base64", func() page { return b.get(at + "?SAMLRequest=%25") }, "saml-encoding"},
		{"a response", func() page {
			return b.get(at + "?SAMLResponse=" + url.QueryEscape(deflated(t, []byte(h.authnRequest()))))
		}, "saml-message"},
		{"a RelayState of 1025 bytes", post(h.authnRequest(), strings.Repeat("r", 1025)), "relay-state"},
		{"a pending request that is none", func() page { return b.get(h.server.URL + "/sso/idp/saml/support/continue?request=guess") }, "pending"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := h.with(t)
			start := time.Now()
			p := tt.send()
			if p.status != http.StatusBadRequest || p.body != "failed: "+tt.reason {
				t.Errorf("%d %.200s, want a refusal for %q", p.status, p.body, tt.reason)
			}
			h.refusedFor(tt.reason)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Run("the id of a desk is not its name", func(t *testing.T) {
		if p := b.get(h.server.URL + "/sso/idp/saml/" + string(h.deskNamed("support").ID) + "/metadata"); p.status != http.StatusNotFound {
			t.Errorf("status %d, want 404", p.status)
		}
	})
	t.Run("a desk without SAML", func(t *testing.T) {
		if p := b.get(h.server.URL + "/sso/idp/saml/" + publicClient + "/launch"); p.status != http.StatusNotFound {
			t.Errorf("status %d, want 404", p.status)
		}
	})
	t.Run("a request that is kept for another desk", func(t *testing.T) {
		h := h.with(t)
		h.addDesk("second", protocol.DeskSignIn{SAML: &protocol.DeskSAML{EntityID: "https://second.test", ACSURL: "https://second.test/acs"}})
		secret, err := h.core.Sessions.IssueOneTime(t.Context(), "idp.saml", "", map[string]any{"desk": h.deskNamed("support").ID}, time.Minute)
		h.must(err)
		if p := b.get(h.server.URL + "/sso/idp/saml/second/continue?request=" + secret); p.body != "failed: pending" {
			t.Errorf("%d %s", p.status, p.body)
		}
	})
}

func TestSAMLDemandsSignatures(t *testing.T) {
	h := newHarness(t)
	sp := h.serviceProvider()
	_, unsigned := h.request(sp, "")
	h.withKey(sp)
	b := h.signedIn()
	if p := b.get(unsigned); p.body != "failed: saml-unsigned" {
		t.Errorf("an unsigned request: %d %s", p.status, p.body)
	}
	stranger := h.serviceProvider()
	was := h.deskNamed("support").SignIn.SAML.Certificate
	h.withKey(stranger)
	h.changeDesk("support", func(s *protocol.DeskSignIn) { s.SAML.Certificate = was })
	_, forged := h.request(stranger, "")
	if p := b.get(forged); p.body != "failed: saml-signature" {
		t.Errorf("a request that somebody else signed: %d %s", p.status, p.body)
	}
	to := sp.GetSSOBindingLocation(crewjam.HTTPPostBinding)
	request, err := sp.MakeAuthenticationRequest(to, crewjam.HTTPPostBinding, crewjam.HTTPPostBinding)
	h.must(err)
	good := string(elementBytes(t, request.Element()))
	send := func(text string) page {
		return b.post(to, url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(text))}}, true)
	}
	if p := send(good); p.status != http.StatusOK {
		t.Errorf("a good signed request by post: %d %s", p.status, p.body)
	}
	if p := send(strings.Replace(good, request.ID+`" Version`, request.ID+`" IsPassive="true" Version`, 1)); p.body != "failed: saml-signature" {
		t.Errorf("a request that was changed after signing: %d %s", p.status, p.body)
	}
}

// FuzzSAMLRequest checks what must hold for any request: it gets an answer
// that is no 5xx, and whatever form comes of it goes to the configured address.
func FuzzSAMLRequest(f *testing.F) {
	h := newHarness(f)
	session := h.cookie()
	f.Add([]byte(h.authnRequest()), "state", true)
	f.Add([]byte(h.authnRequest("</saml:Issuer>", "</saml:Issuer><samlp:NameIDPolicy Format=\"x\"/>")), `"><script>`, false)
	f.Add([]byte("<a xmlns:b='c'>"), "", true)
	f.Fuzz(func(t *testing.T, text []byte, relayState string, redirect bool) {
		at := h.server.URL + "/sso/idp/saml/support/sso"
		var r *http.Request
		if redirect {
			r = httptest.NewRequest(http.MethodGet, at+"?"+url.Values{"SAMLRequest": {deflated(t, text)}, "RelayState": {relayState}}.Encode(), http.NoBody)
			r.AddCookie(session)
		} else {
			body := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(text)}, "RelayState": {relayState}}.Encode()
			r = httptest.NewRequest(http.MethodPost, at, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		h.idp.ServeHTTP(w, r)
		if w.Code == http.StatusSeeOther {
			next := httptest.NewRequest(http.MethodGet, w.Header().Get("Location"), http.NoBody)
			next.AddCookie(session)
			w = httptest.NewRecorder()
			h.idp.ServeHTTP(w, next)
		}
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("status %d", w.Code)
		}
		if w.Code == http.StatusOK {
			body, err := io.ReadAll(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			action, fields := page{status: w.Code, body: string(body)}.form(t)
			if action != h.desk.URL+"/acs" {
				t.Errorf("the answer goes to %s", action)
			}
			if strings.Contains(relayState, "<") && strings.Contains(string(body), `value="`+relayState) {
				t.Errorf("RelayState %q is not escaped", relayState)
			}
			if fields.Get("SAMLResponse") == "" {
				t.Error("an empty answer")
			}
		}
	})
}
