package oidc_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"
)

const memoryIssuer = "https://idp.example"

// noon is when it is for a relying party in memory.
var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is a provider without a network: it takes no time, so that what is
// measured is ours.
type memory struct {
	discovery []byte
	jwks      []byte
	token     []byte
}

// RoundTrip implements [http.RoundTripper].
func (m *memory) RoundTrip(req *http.Request) (*http.Response, error) {
	text := map[string][]byte{"/.well-known/openid-configuration": m.discovery, "/jwks": m.jwks, "/token": m.token}[req.URL.Path]
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(text)),
		Request:    req,
	}, nil
}

// inMemory returns a relying party of a provider in memory, which signs with
// key.
func inMemory(t testing.TB, key oidctest.Key) (*memory, *oidc.RelyingParty) {
	t.Helper()
	m := &memory{
		discovery: encode(t, map[string]any{
			"issuer":                 memoryIssuer,
			"authorization_endpoint": memoryIssuer + "/authorize",
			"token_endpoint":         memoryIssuer + "/token",
			"jwks_uri":               memoryIssuer + "/jwks",
		}),
		jwks: encode(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.JWK()}}),
	}
	return m, discover(t, memoryConfig(m))
}

func memoryConfig(m *memory) oidc.Config {
	return oidc.Config{
		Issuer:       memoryIssuer,
		ClientID:     oidctest.ClientID,
		ClientSecret: oidctest.ClientSecret,
		RedirectURL:  oidctest.RedirectURL,
		Client:       &http.Client{Transport: m},
		Now:          func() time.Time { return noon },
	}
}

// answer sets what the token end point says.
func (m *memory) answer(t testing.TB, idToken string) {
	t.Helper()
	m.token = encode(t, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": idToken})
}

// memoryClaims returns the claims of a good ID token for attempt.
func memoryClaims(attempt oidc.Attempt) map[string]any {
	return map[string]any{
		"iss": memoryIssuer, "aud": oidctest.ClientID, "sub": "s", "nonce": attempt.Nonce,
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
		"email": "ada@acme.example", "email_verified": true, "name": "Ada Nilsen", "groups": []string{"Support", "Tier 1", "Billing"},
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
