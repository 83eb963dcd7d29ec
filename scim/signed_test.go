package scim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// issuer is an identity provider that signs its own tokens.
type issuer struct {
	*testing.T
	key   *rsa.PrivateKey
	keys  string // URL of its JWKS
	asked atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{T: t, key: key}
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Use: "sig"}}})
	})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		answer := i.answer
		i.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(web.Close)
	i.keys = web.URL + "/discovery/keys"
	return i
}

func (i *issuer) answers(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = h
}

func (i *issuer) client() *http.Client {
	return fetch.New(fetch.Options{AllowHosts: []string{strings.TrimSuffix(strings.TrimPrefix(i.keys, "http://"), "/discovery/keys")}})
}

// sign returns a token with claims, signed by key.
func (i *issuer) sign(alg jose.SignatureAlgorithm, key any, headers, claims map[string]any) string {
	i.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "k1")
	for name, value := range headers {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		i.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		i.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.Fatal(err)
	}
	return token
}

const entraIssuer = "https://sts.windows.net/5ecf2d1b-0000-4000-8000-000000000001/"

// entraClaims are those of a token as Entra signs it, changed by name and value.
func entraClaims(changes ...any) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": entraIssuer, "aud": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "sub": "service-principal", "appid": "the-app",
		"tid": "5ecf2d1b-0000-4000-8000-000000000001", "iat": now - 5, "nbf": now - 5, "exp": now + 3600, "ver": "1.0",
	}
	for n := 0; n+1 < len(changes); n += 2 {
		if name := changes[n].(string); changes[n+1] == nil {
			delete(claims, name)
		} else {
			claims[name] = changes[n+1]
		}
	}
	return claims
}

// trusting starts a server whose connection acme takes the tokens of i; other
// does not.
func trusting(t *testing.T, i *issuer) *server {
	t.Helper()
	out := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: -1})
	web := httptest.NewServer(scim.New(scimCore(out.core), scim.Options{PublicURL: "http://x", Log: slog.New(slog.NewTextHandler(out.log, nil)), Fetch: i.client()}))
	t.Cleanup(web.Close)
	jwt := protocol.JWT{Issuer: entraIssuer, Audience: "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", JWKSURL: i.keys,
		Subject: "service-principal", App: "the-app", Tenant: "5ecf2d1b-0000-4000-8000-000000000001"}
	_, err := out.core.Plan.Apply(t.Context(), provision.Cause{}, plan.Draft{Connections: []provision.Connection{
		{Name: "acme", IdP: provision.IdPEntra, JWT: &jwt}, {Name: "other", IdP: provision.IdPEntra},
	}}, "")
	if err != nil {
		t.Fatal(err)
	}
	out.url = web.URL + "/scim/acme/v2"
	return out
}

func (s *server) shows(token string) reply {
	s.t.Helper()
	return s.at(s.url+"/Users", "GET", "", "Authorization", "Bearer "+token)
}

func TestTokensThatEntraSigns(t *testing.T) {
	i := newIssuer(t)
	s := trusting(t, i)
	now := time.Now().Unix()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		claims map[string]any
		want   int
	}{
		{"as Entra signs it", entraClaims(), 200},
		{"several audiences, ours among them", entraClaims("aud", []string{"x", "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"}), 200},
		{"azp, as version 2.0 has it", entraClaims("appid", nil, "azp", "the-app"), 200},
		{"cid, as Okta has it", entraClaims("appid", nil, "cid", "the-app"), 200},
		{"clocks half a minute apart", entraClaims("iat", now+30, "nbf", now+30), 200},
		{"times with fractions", entraClaims("iat", float64(now)-0.5, "exp", float64(now)+60.5), 200},
		{"no nbf", entraClaims("nbf", nil), 200},

		{"another tenant's issuer", entraClaims("iss", "https://sts.windows.net/5ecf2d1b-0000-4000-8000-000000000002/"), 401},
		{"an issuer that begins alike", entraClaims("iss", entraIssuer+"x"), 401},
		{"an issuer in other letter case", entraClaims("iss", strings.ToUpper(entraIssuer)), 401},
		{"no issuer", entraClaims("iss", nil), 401},
		{"an issuer that is a list", entraClaims("iss", []string{entraIssuer}), 401},
		{"the issuer by another name", entraClaims("iss", nil, "ISS", entraIssuer), 401},
		{"another tenant", entraClaims("tid", "5ecf2d1b-0000-4000-8000-000000000002"), 401},
		{"another audience", entraClaims("aud", "https://graph.microsoft.com"), 401},
		{"other audiences", entraClaims("aud", []string{"a", "b"}), 401},
		{"no audience", entraClaims("aud", nil), 401},
		{"an audience that is a number", entraClaims("aud", 7), 401},
		{"another subject", entraClaims("sub", "somebody"), 401},
		{"no subject", entraClaims("sub", nil), 401},
		{"another app", entraClaims("appid", "another"), 401},
		{"no app", entraClaims("appid", nil), 401},
		{"two apps", entraClaims("azp", "another"), 401},
		{"over", entraClaims("exp", now-120, "iat", now-3600), 401},
		{"without an end", entraClaims("exp", nil), 401},
		{"an end that is text", entraClaims("exp", "never"), 401},
		{"an end that is far too far", entraClaims("exp", 1e300), 401},
		{"without a beginning", entraClaims("iat", nil), 401},
		{"from the future", entraClaims("iat", now+600), 401},
		{"not yet good", entraClaims("nbf", now+600), 401},
		{"not before what is no time", entraClaims("nbf", "x"), 401},
		{"made after its end", entraClaims("iat", now+30, "exp", now+20), 401},
		{"an ID token", entraClaims("nonce", "n"), 401},
		{"a logout token", entraClaims("events", map[string]any{}), 401},
		{"nothing", map[string]any{}, 401},
	} {
		if got := s.shows(i.sign(jose.RS256, i.key, nil, tt.claims)); got.status != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, got.status, got.raw, tt.want)
		}
	}
	var fetched atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	defer evil.Close()
	public, err := json.Marshal(jose.JSONWebKey{Key: i.key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	good := i.sign(jose.RS256, i.key, nil, entraClaims())
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"somebody else's key":       i.sign(jose.RS256, stranger, nil, entraClaims()),
		"an unknown key":            i.sign(jose.RS256, stranger, map[string]any{"kid": "k2"}, entraClaims()),
		"a key that it brings":      i.sign(jose.RS256, stranger, map[string]any{"jwk": jose.JSONWebKey{Key: crypto.Signer(stranger).Public()}}, entraClaims()),
		"keys that it points to":    i.sign(jose.RS256, stranger, map[string]any{"jku": evil.URL, "x5u": evil.URL}, entraClaims()),
		"HS256 with the public key": i.sign(jose.HS256, public, nil, entraClaims()),
		"none":                      "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + ".",
		"no signature":              parts[0] + "." + parts[1] + ".",
		"a claim twice":             i.signText(twice(i.T, entraClaims())),
		"a payload that is no JSON": i.signText("[]"),
		"a payload nested deeply":   i.signText(`{"iss":` + strings.Repeat("[", 5000)),
		"nested, but JSON":          i.signText(`{"iss":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + `}`),
		"longer than allowed":       i.sign(jose.RS256, i.key, nil, entraClaims("more", strings.Repeat("x", 16<<10))),
	} {
		if got := s.shows(token); got.status != 401 {
			t.Errorf("%s: %d, want 401", name, got.status)
		}
	}
	if fetched.Load() > 0 {
		t.Error("what a token named was fetched")
	}
	if got := s.at(strings.Replace(s.url, "acme", "other", 1)+"/Users", "GET", "", "Authorization", "Bearer "+good); got.status != 401 {
		t.Errorf("a connection that takes no signed tokens took one: %d", got.status)
	}
	if got := s.at(strings.Replace(s.url, "acme", "nowhere", 1)+"/Users", "GET", "", "Authorization", "Bearer "+good); got.status != 401 {
		t.Errorf("a connection that is none: %d", got.status)
	}
	s.want(200, "GET", "/Users", "") // our own token goes on to work
	if strings.Contains(s.log.String(), parts[2]) || strings.Contains(s.log.String(), "service-principal") {
		t.Errorf("the log holds a token or its claims:\n%s", s.log)
	}
	if got := i.asked.Load(); got > 5 {
		t.Errorf("the keys were asked for %d times", got)
	}
}

func (i *issuer) signText(payload string) string {
	i.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: i.key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		i.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		i.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.Fatal(err)
	}
	return token
}

// twice returns claims as JSON with one more issuer in front of the right one.
func twice(t *testing.T, claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return `{"iss":"https://evil.example",` + string(text[1:])
}

func TestSignedTokensCanBeSwitchedOff(t *testing.T) {
	i := newIssuer(t)
	s := trusting(t, i)
	token := i.sign(jose.RS256, i.key, nil, entraClaims())
	if got := s.shows(token); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if _, err := s.core.Plan.Apply(t.Context(), provision.Cause{}, plan.Draft{Connections: []provision.Connection{{Name: "acme", IdP: provision.IdPEntra}}}, ""); err != nil {
		t.Fatal(err)
	}
	if got := s.shows(token); got.status != 401 {
		t.Errorf("a token of before got %d", got.status)
	}
}

func TestKeysThatCannotBeHad(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"64 MB": func(w http.ResponseWriter, _ *http.Request) {
			chunk := make([]byte, 1<<20)
			for range 64 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"an error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a break":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			s := trusting(t, i)
			i.answers(answer)
			token := i.sign(jose.RS256, i.key, nil, entraClaims())
			for range 20 {
				if got := s.shows(token); got.status != 401 || got.body["status"] != "401" {
					t.Errorf("got %d %s", got.status, got.raw)
				}
			}
			if got := i.asked.Load(); got > 5 {
				t.Errorf("twenty requests asked for the keys %d times", got)
			}
			s.want(200, "GET", "/Users", "")
		})
	}
}

// TestKeysThatNeverCome checks that a JWKS which never answers holds up those
// who show signed tokens only, and these for no longer than the client waits.
func TestKeysThatNeverCome(t *testing.T) {
	i := newIssuer(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	i.answers(func(http.ResponseWriter, *http.Request) { <-release })
	client := i.client()
	client.Timeout = 200 * time.Millisecond
	s := trusting(t, i)
	web := httptest.NewServer(scim.New(scimCore(s.core), scim.Options{PublicURL: "http://x", Fetch: client, Log: slog.New(slog.NewTextHandler(s.log, nil))}))
	t.Cleanup(web.Close)
	s.url = web.URL + "/scim/acme/v2"
	token := i.sign(jose.RS256, i.key, nil, entraClaims())
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if got := s.send("Bearer " + token); got != 401 {
				t.Errorf("got %d", got)
			}
		})
	}
	s.want(200, "GET", "/Users", "")
	callers.Wait()
	if got := i.asked.Load(); got > 5 {
		t.Errorf("twenty requests asked for the keys %d times", got)
	}
}

func TestWhoeverShowsASignedTokenIsInTheAuditLog(t *testing.T) {
	i := newIssuer(t)
	s := trusting(t, i)
	s.token = i.sign(jose.RS256, i.key, nil, entraClaims())
	id := s.user("ada")
	var actors []string
	err := s.core.Audit.EachEntry(t.Context(), func(e provision.Entry) error {
		if e.Subject == id {
			actors = append(actors, e.Cause.Actor)
		}
		return nil
	})
	if err != nil || len(actors) == 0 || actors[0] != "scim:jwt:entra" {
		t.Errorf("actors %v, %v", actors, err)
	}
}
