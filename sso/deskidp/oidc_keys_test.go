package deskidp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/deskidp"
)

func TestOIDCUserInfo(t *testing.T) {
	h := newHarness(t)
	for _, tt := range []struct{ name, header string }{
		{"nothing", ""}, {"another scheme", "Basic YTpi"}, {"a guess", "Bearer guess"}, {"nothing after the scheme", "Bearer "},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+"/sso/idp/oidc/userinfo", http.NoBody)
		h.must(err)
		r.Header.Set("Authorization", tt.header)
		if p := h.browser().do(r); p.status != http.StatusUnauthorized || !strings.HasPrefix(p.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %d %v", tt.name, p.status, p.header)
		}
	}
	if p := h.browser().get(h.server.URL + "/sso/idp/oidc/userinfo?access_token=x"); p.status != http.StatusUnauthorized {
		t.Errorf("a token in the address: %d", p.status)
	}
}

func TestKeysAreRotated(t *testing.T) {
	h := newHarness(t)
	b := h.signedIn()
	rp := h.relyingParty("support", clientSecret)
	kid := func() string {
		t.Helper()
		token, err := rp.Exchange(t.Context(), b.get(rp.AuthCodeURL("s")).code(t))
		h.must(err)
		raw, _ := token.Extra("id_token").(string)
		if _, err := rp.Verifier(&oidc.Config{ClientID: "support"}).Verify(t.Context(), raw); err != nil {
			t.Errorf("verify: %v", err)
		}
		head, _, _ := strings.Cut(raw, ".")
		return head
	}
	old := kid()
	next, err := h.core.Settings.RotateKey(t.Context(), cause, settings.KeyDesk, time.Hour, deskidp.NewKey)
	h.must(err)
	if p := b.get(h.server.URL + "/sso/idp/oidc/jwks"); !strings.Contains(p.body, string(next.ID)) || strings.Contains(p.body, `"d"`) {
		t.Errorf("the next key is not published, or more than that: %s", p.body)
	}
	if p := b.get(h.server.URL + "/sso/idp/saml/support/metadata"); strings.Count(p.body, "<ds:X509Certificate>") != 2 {
		t.Errorf("metadata without the next certificate: %s", p.body)
	}
	if kid() != old {
		t.Error("a key signs before its time")
	}
	_, err = h.core.Settings.RotateKey(t.Context(), cause, settings.KeyDesk, 0, deskidp.NewKey)
	h.must(err)
	if kid() == old {
		t.Error("the old key goes on signing")
	}
}
