package oidc_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// TestDiscoverRefusesSettings walks what can be seen without asking anybody.
func TestDiscoverRefusesSettings(t *testing.T) {
	good := oidc.Config{Issuer: "https://idp.example", ClientID: "c", ClientSecret: "s", RedirectURL: "https://deskbridge.example/callback"}
	for _, tt := range []struct {
		name   string
		change func(*oidc.Config)
		reason string
	}{
		{"no client id", func(c *oidc.Config) { c.ClientID = "" }, oidc.ReasonConfig},
		{"no redirect URL", func(c *oidc.Config) { c.RedirectURL = "" }, oidc.ReasonConfig},
		{"neither secret nor key", func(c *oidc.Config) { c.ClientSecret = "" }, oidc.ReasonConfig},
		{"basic without a secret", func(c *oidc.Config) { c.ClientSecret, c.AuthMethod = "", oidc.AuthBasic }, oidc.ReasonConfig},
		{"private_key_jwt without a key", func(c *oidc.Config) { c.AuthMethod = oidc.AuthPrivateKey }, oidc.ReasonConfig},
		{"an unknown way to authenticate", func(c *oidc.Config) { c.AuthMethod = "none" }, oidc.ReasonConfig},
		{"a negative limit", func(c *oidc.Config) { c.MaxAge = -time.Second }, oidc.ReasonConfig},
		{"no issuer", func(c *oidc.Config) { c.Issuer = "" }, oidc.ReasonIssuerURL},
		{"a fragment", func(c *oidc.Config) { c.Issuer += "#" }, oidc.ReasonIssuerURL},
		{"Entra ID for everybody", func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.com/common/v2.0" }, oidc.ReasonEntraTenant},
		{"Entra ID for all companies", func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.com/Organizations/v2.0" }, oidc.ReasonEntraTenant},
		{"Entra ID for personal accounts", func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.us/consumers/v2.0" }, oidc.ReasonEntraTenant},
		{"the tenant of all personal accounts", func(c *oidc.Config) { c.Issuer = "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/" }, oidc.ReasonEntraTenant},
		{"said to be Entra ID", func(c *oidc.Config) { c.Issuer, c.Entra = "https://proxy.example/common/v2.0", true }, oidc.ReasonEntraTenant},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := good
			config.Client = &http.Client{Transport: nobody{t}}
			tt.change(&config)
			_, err := oidc.Discover(t.Context(), config)
			wantRefusal(t, err, tt.reason)
		})
	}
}

// nobody is a network that must not be used.
type nobody struct{ t *testing.T }

func (n nobody) RoundTrip(req *http.Request) (*http.Response, error) {
	n.t.Errorf("asked %s", req.URL.Host)
	return nil, errors.New("there is nobody")
}

// TestClientAuthentication signs in with every way to authenticate, chosen by
// name or by what the provider lists.
func TestClientAuthentication(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := oidctest.NewEdDSA().Signer
	secret := func(*oidc.Config) {}
	private := func(signer crypto.Signer) func(*oidc.Config) {
		return func(c *oidc.Config) {
			c.ClientSecret, c.PrivateKey = "", oidc.ClientKey{Signer: signer, ID: "mine", Certificate: []byte("DER")}
		}
	}
	for _, tt := range []struct {
		name      string
		method    string
		supported []string
		have      func(*oidc.Config)
		reason    string // "": accepted
	}{
		{"basic when nothing is said", "", nil, secret, ""},
		{"post when basic is not listed", "", []string{oidc.AuthPost}, secret, ""},
		{"basic by name", oidc.AuthBasic, []string{oidc.AuthPost}, secret, ""},
		{"post by name", oidc.AuthPost, nil, secret, ""},
		{"a P-256 key", "", []string{oidc.AuthPrivateKey}, private(key), ""},
		{"an Ed25519 key by name", oidc.AuthPrivateKey, nil, private(ed), ""},
		{"an RSA key", "", nil, private(oidctest.OtherKey().Signer), ""},
		{"a wrong secret", "", nil, func(c *oidc.Config) { c.ClientSecret = "old" }, oidc.ReasonExchange},
		{"a key that the provider does not know", "", nil, private(oidctest.AttackerKey("").Signer), oidc.ReasonExchange},
		{"only what we cannot do", "", []string{"tls_client_auth"}, secret, oidc.ReasonConfig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := oidctest.New(t, "")
			p.Discovery = func(d map[string]any) {
				if d["token_endpoint_auth_methods_supported"] = tt.supported; tt.supported == nil {
					delete(d, "token_endpoint_auth_methods_supported")
				}
			}
			config := p.Config()
			config.AuthMethod = tt.method
			tt.have(&config)
			if config.PrivateKey.Signer != nil {
				p.ClientKey = config.PrivateKey.Signer.Public()
			}
			if tt.reason == oidc.ReasonExchange {
				p.ClientKey = key.Public()
			}
			rp, err := oidc.Discover(t.Context(), config)
			if err == nil {
				_, err = signIn(t, rp, p)
			}
			if tt.reason == "" && err != nil {
				t.Fatal(err)
			}
			if tt.reason != "" {
				wantRefusal(t, err, tt.reason)
			}
			if n := p.Requests("/token"); tt.reason != oidc.ReasonConfig && n != 1 {
				t.Errorf("%d requests to the token end point, want 1: a code serves once", n)
			}
		})
	}
}

func TestAge(t *testing.T) {
	p := oidctest.New(t, "")
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	config := p.Config()
	config.Now = func() time.Time { return now }
	rp := discover(t, config)
	for after, stale := range map[time.Duration]bool{0: false, oidc.StaleAfter: false, oidc.StaleAfter + time.Second: true} {
		if rp.Stale(now.Add(after)) != stale || rp.Age(now.Add(after)) != after {
			t.Errorf("after %s: age %s, stale %t", after, rp.Age(now.Add(after)), rp.Stale(now.Add(after)))
		}
	}
	if at, err := rp.KeysFetched(); !at.IsZero() || err != nil {
		t.Errorf("keys fetched %s, %v before anybody needed them", at, err)
	}
	if supported, session := rp.BackChannelLogout(); !supported || !session || rp.Issuer() != p.Issuer {
		t.Errorf("back-channel logout %t, %t; issuer %q", supported, session, rp.Issuer())
	}
}

// TestUnreachable tells a provider that does not answer from one that lies.
func TestUnreachable(t *testing.T) {
	p := oidctest.New(t, "")
	rp := discover(t, p.Config())
	attempt, query := begin(t, rp, p, oidctest.Attacker())

	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err := rp.Callback(stopped, query, attempt)
	wantRefusal(t, err, string(fetch.Unreachable))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause got lost: %v", err)
	}

	p.Handle["/jwks"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	_, err = signIn(t, rp, p)
	wantRefusal(t, err, string(fetch.BadStatus))
	if refusal, is := errors.AsType[*fetch.Error](err); !is || refusal.Host != p.Host() {
		t.Errorf("the cause got lost: %v", err)
	}
}

// TestUnknownKeys is OR01: who sends tokens must not make us ask for keys as
// often as they like.
func TestUnknownKeys(t *testing.T) {
	p := oidctest.New(t, "")
	rp := discover(t, p.Config())
	p.Sign = func(c map[string]any) string { return oidctest.AttackerKey(rand.Text()).Sign(c) }
	p.SignLogout = p.Sign
	for range 15 {
		_, err := signIn(t, rp, p)
		wantRefusal(t, err, oidc.ReasonSignature)
		_, err = rp.LogoutToken(t.Context(), p.LogoutToken("anybody", ""))
		wantRefusal(t, err, oidc.ReasonSignature)
	}
	if n := p.Requests("/jwks"); n > 5 {
		t.Errorf("%d requests for keys, want at most 5", n)
	}
	p.Sign = nil
	if _, err := signIn(t, rp, p); err != nil {
		t.Errorf("a good sign-in right after: %v", err)
	}
}
