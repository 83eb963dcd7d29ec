package sso_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// requestIDIn returns the ID of a request in a redirect.
func requestIDIn(t testing.TB, encoded string) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(inflated(t, encoded)); err != nil {
		t.Fatal(err)
	}
	return doc.Root().SelectAttrValue("ID", "")
}

// inflated returns a message in a redirect as text.
func inflated(t testing.TB, encoded string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSignInBySAML(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New("https://idp.example.test/metadata")
		h.trusts(idp, nil)
		b := h.browser()
		if p := b.signInSAML(idp, "/tickets/7?q=a"); p.at.Path != "/tickets/7" || p.at.RawQuery != "q=a" {
			h.Fatalf("landed at %s with %d: %s\n%s", p.at, p.status, p.body, h.log)
		}
		if got := b.who(); got != idp.Person {
			h.Errorf("signed in as %q, want %q", got, idp.Person)
		}
		if got := h.browser().who(); got != "" {
			h.Errorf("another browser is signed in as %q", got)
		}
		b.post("/sso/logout", url.Values{}, false)
		if got := b.who(); got != "" {
			h.Errorf("signed in as %q after signing out", got)
		}
	})
}

func TestSignInByOIDC(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		provider := oidctest.New(t, "")
		h := newHarness(t, s, provider.Host())
		conn, err := h.core.Settings.Connection(t.Context(), "acme")
		h.must(err)
		h.conn = conn
		h.trustsOIDC(provider, nil)
		email, _ := provider.User["email"].(string)
		h.owns(email)
		b := h.browser()
		if p := b.signInOIDC(provider, "/tickets/7"); p.at.Path != "/tickets/7" {
			h.Fatalf("landed at %s with %d: %s\n%s", p.at, p.status, p.body, h.log)
		}
		if got := b.who(); got != email {
			h.Errorf("signed in as %q, want %q", got, email)
		}
	})
}

// owns gives the connection the domain of an address.
func (h *harness) owns(email string) {
	h.Helper()
	_, domain, _ := strings.Cut(email, "@")
	if _, err := h.core.Settings.ClaimDomain(h.Context(), byTest, h.conn.ID, domain); err != nil {
		return // it has it
	}
	h.must(h.core.Settings.VerifyDomain(h.Context(), byTest, h.conn.ID, domain, nil))
}

func TestReturnPaths(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New("https://idp.example.test/metadata")
		h.trusts(idp, nil)
		for _, to := range []string{"https://evil.test", "//evil.test", `/\evil.test`, "javascript:alert(1)", "https:evil.test", "/\t/evil.test",
			"/%09/evil.test", `\\evil.test`, "", "/\n/evil.test", "http://user@evil.test", "////evil.test", "/..//evil.test"} {
			p := h.browser().signInSAML(idp, to)
			if p.location != "" || p.status != http.StatusOK && p.status != http.StatusNotFound {
				h.Errorf("return_to %q: %d, then to %q", to, p.status, p.location)
			}
		}
	})
}

func TestIdPInitiated(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New("https://idp.example.test/metadata")
		h.trusts(idp, nil)
		unsolicited := func() url.Values {
			m := idp.Message(samltest.Request{EntityID: h.url + "/sso/acme/saml/metadata", ACSURL: h.url + "/sso/acme/saml/acs"}, idp.Person)
			for _, e := range m.Response.FindElements("//*") {
				e.RemoveAttr("InResponseTo")
			}
			m.Response.RemoveAttr("InResponseTo")
			idp.Sign(m.Assertion(), samltest.Signature{})
			return m.Form()
		}
		if p := h.browser().answer(unsolicited(), "/tickets/1"); p.status != http.StatusBadRequest {
			h.Errorf("switched off: %d", p.status)
		}
		h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = true })
		b := h.browser()
		form := unsolicited()
		p := b.answer(form, "/tickets/1")
		if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, idp.SSOURL) || b.who() != "" {
			h.Errorf("switched on: %d to %q, signed in as %q; want a sign-in of ours to begin", p.status, p.location, b.who())
		}
		if p := h.browser().answer(form, "/tickets/1"); p.status != http.StatusBadRequest {
			h.Errorf("the same again: %d", p.status)
		}
	})
}

func TestWhoWasSuspended(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New("https://idp.example.test/metadata")
		h.trusts(idp, nil)
		b := h.browser()
		b.signInSAML(idp, "/")
		people, err := h.core.Directory.FindPeople(t.Context(), idp.Person)
		h.must(err)
		_, err = h.core.Directory.UpdatePerson(t.Context(), h.conn.ID, people[0].ID, byTest, func(id *provision.Identity) error {
			id.Status = provision.StatusSuspended
			return nil
		})
		h.must(err)
		if got := b.who(); got != "" {
			h.Errorf("a suspended person is signed in as %q", got)
		}
		if p := b.get("/sso/forward-auth"); p.status != http.StatusUnauthorized {
			h.Errorf("forward-auth of a suspended person: %d", p.status)
		}
		if p := b.signInSAML(idp, "/"); p.status != http.StatusForbidden || b.who() != "" {
			h.Errorf("a new sign-in of a suspended person: %d", p.status)
		}
	})
}
