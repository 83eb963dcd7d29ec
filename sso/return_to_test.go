package sso_test

import (
	"net/url"
	"testing"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestReturnToOwnAddress has somebody say the whole address of a page of ours
// where a path is asked for, as Okta's Default RelayState is one.
func TestReturnToOwnAddress(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New("https://idp.example.test/metadata")
	h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = true })
	for to, want := range map[string]string{
		h.url + "/tickets/7?a=b":    "/tickets/7?a=b",
		h.url + ".evil.test/":       "/sso/",
		h.url + "//evil.test/":      "/sso/",
		"https://evil.test/tickets": "/sso/",
	} {
		b := h.browser()
		if p := b.signInSAML(idp, to); p.at.RequestURI() != want {
			t.Errorf("return_to=%s leads to %s, want %s", to, p.at.RequestURI(), want)
		}
		if p := b.get("/sso/login?return_to=" + url.QueryEscape(to)); p.at.RequestURI() != want {
			t.Errorf("return_to=%s of somebody who is signed in leads to %s, want %s", to, p.at.RequestURI(), want)
		}

		tile := h.browser() // a sign-in that begins at the identity provider
		v := tile.begun(tile.answer(h.unsolicited(idp), to), "acme")
		if p := v.answeredWith(v.good(idp, idp.Person)); p.at.RequestURI() != want {
			t.Errorf("RelayState=%s leads to %s, want %s", to, p.at.RequestURI(), want)
		}
	}
}
