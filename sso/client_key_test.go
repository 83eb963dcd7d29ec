package sso_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// published returns the keys that an OpenID provider is given the address of,
// as one replica publishes them.
func (h *harness) published(replica *sso.Handler) (keys jose.JSONWebKeySet) {
	h.Helper()
	p := httptest.NewRecorder()
	replica.ServeHTTP(p, httptest.NewRequestWithContext(h.Context(), http.MethodGet, "/sso/jwks", nil))
	if p.Code != http.StatusOK || p.Header().Get("Content-Type") != "application/jwk-set+json" {
		h.Fatalf("%d %s", p.Code, p.Header())
	}
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"qi"`} {
		if strings.Contains(p.Body.String(), private) {
			h.Fatalf("%s is published", private)
		}
	}
	h.must(json.Unmarshal(p.Body.Bytes(), &keys))
	return keys
}

// TestSignInWithAKeyInPlaceOfASecret has a provider that takes no secret check
// who asks it for tokens, by what we publish.
func TestSignInWithAKeyInPlaceOfASecret(t *testing.T) {
	h, p := newHarness(t, storetest.SQLite(t)).withProvider(t)
	_, err := h.core.Settings.Keys(t.Context(), settings.KeyOIDC, sharedKey)
	h.must(err)
	h.trustsOIDC(p, func(s *protocol.OIDC) { s.ClientSecret, s.AuthMethod = "", "private_key_jwt" })
	h.must(client.CheckSettings(h.conn.SignIn, time.Now()))
	keys := h.published(h.sso)
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
	h := newHarness(t, storetest.SQLite(t))
	first, err := h.core.Settings.Keys(t.Context(), settings.KeyOIDC, sharedKey)
	h.must(err)
	if got := h.published(h.sso); len(got.Keys) != 1 || got.Keys[0].KeyID != string(first[0].ID) || got.Keys[0].Use != "sig" || len(got.Keys[0].Certificates) != 1 {
		t.Errorf("published %+v", got)
	}
	next, err := h.core.Settings.RotateKey(t.Context(), byTest, settings.KeyOIDC, time.Hour, sharedKey)
	h.must(err)
	if got := h.published(h.replica(slog.New(slog.DiscardHandler))); len(got.Keys) != 2 || len(got.Key(string(next.ID))) != 1 || got.Keys[0].KeyID != string(first[0].ID) {
		t.Errorf("published after a rotation: %+v", got)
	}
}
