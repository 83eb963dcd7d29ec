package sso_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// published returns the keys that an OpenID provider is given the address of.
func (h *house) published() (keys jose.JSONWebKeySet) {
	h.Helper()
	p := h.browser().get("/sso/jwks")
	if p.status != http.StatusOK || p.header.Get("Content-Type") != "application/jwk-set+json" {
		h.Fatalf("%d %s", p.status, p.header)
	}
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"qi"`} {
		if strings.Contains(p.body, private) {
			h.Fatalf("%s is published", private)
		}
	}
	h.must(json.Unmarshal([]byte(p.body), &keys))
	return keys
}

// TestSignInWithAKeyInPlaceOfASecret has a provider that takes no secret check
// who asks it for tokens, by what we publish.
func TestSignInWithAKeyInPlaceOfASecret(t *testing.T) {
	h, p := newHouse(t, storetest.SQLite(t)).withProvider(t)
	_, err := h.core.Keys(t.Context(), provision.KeyOIDC, sharedKey)
	h.must(err)
	h.trustsOIDC(p, func(s *sso.OIDCSettings) { s.ClientSecret, s.AuthMethod = "", "private_key_jwt" })
	h.must(sso.CheckSettings(h.conn.SignIn, time.Now()))
	keys := h.published()
	p.ClientKey = &keys
	b := h.browser()
	b.signedIn(b.signInOIDC(p, "/"), mallory)

	strangers := jose.JSONWebKeySet{}
	p.ClientKey = &strangers
	other := h.browser()
	other.refused(other.signInOIDC(p, "/"), "exchange")
}

// TestClientKeysRotate publishes the next key before it signs, and the old one
// until it is retired.
func TestClientKeysRotate(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	first, err := h.core.Keys(t.Context(), provision.KeyOIDC, sharedKey)
	h.must(err)
	if got := h.published(); len(got.Keys) != 1 || got.Keys[0].KeyID != string(first[0].ID) || got.Keys[0].Use != "sig" || len(got.Keys[0].Certificates) != 1 {
		t.Errorf("published %+v", got)
	}
	next, err := h.core.RotateKey(t.Context(), byTest, provision.KeyOIDC, time.Hour, sharedKey)
	h.must(err)
	h.sso.ForgetKeys()
	if got := h.published(); len(got.Keys) != 2 || len(got.Key(string(next.ID))) != 1 || got.Keys[0].KeyID != string(first[0].ID) {
		t.Errorf("published after a rotation: %+v", got)
	}
}

func TestSettingsOfClientAuthentication(t *testing.T) {
	for _, tt := range []struct {
		name, settings string
		ok             bool
	}{
		{"a secret", `{"issuer":"https://i.test","client_id":"c","client_secret":"s"}`, true},
		{"a secret in the form", `{"issuer":"https://i.test","client_id":"c","client_secret":"s","auth_method":"client_secret_post"}`, true},
		{"a key", `{"issuer":"https://i.test","client_id":"c","auth_method":"private_key_jwt"}`, true},
		{"neither", `{"issuer":"https://i.test","client_id":"c"}`, false},
		{"a method that wants a secret, and none", `{"issuer":"https://i.test","client_id":"c","auth_method":"client_secret_basic"}`, false},
		{"an unknown method", `{"issuer":"https://i.test","client_id":"c","client_secret":"s","auth_method":"none"}`, false},
	} {
		if err := sso.CheckSettings(provision.SignIn{OIDC: []byte(tt.settings)}, time.Now()); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
