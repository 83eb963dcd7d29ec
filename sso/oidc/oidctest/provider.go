package oidctest

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// Client is what every provider knows us by.
const (
	ClientID     = "deskbridge"
	ClientSecret = "a secret: with +, / and ü"
	// RedirectURL is where a relying party without a server wants its answers.
	RedirectURL = "https://deskbridge.example/sso/acme/oidc/callback"
)

// Provider is an OpenID provider on loopback. Its fields may be changed between
// requests. The functions among them get what an honest provider would send,
// and change it; nil leaves it alone.
type Provider struct {
	Issuer string         // what a connection is set up with
	User   map[string]any // claims of the person who signs in next

	Discovery  func(document map[string]any)
	Answer     func(query url.Values)             // of the redirect back to us
	Exchange   func(answer map[string]any)        // of the token end point
	Refreshed  func(answer map[string]any)        // of the token end point, to a refresh token
	Claims     func(claims map[string]any)        // of the ID token
	Sign       func(claims map[string]any) string // instead of signing the ID token honestly
	UserInfo   func(claims map[string]any)
	Logout     func(claims map[string]any)
	SignLogout func(claims map[string]any) string
	Handle     map[string]http.HandlerFunc // instead of an end point, such as "/token"

	Key          Key              // signs from now on; in the JWKS by itself
	HideKey      bool             // the JWKS has another key in its place
	ClientKey    crypto.PublicKey // signs for the client with private_key_jwt
	Rotates      bool             // a refresh token serves once, and another one comes with each use
	ReuseCodes   bool             // a code serves more than once
	IgnorePKCE   bool             // any verifier will do
	IgnoreClient bool             // a code serves clients and redirect URLs that it was not given to
	Ahead        time.Duration    // how far the clock is ahead

	server    *httptest.Server
	forbidden *httptest.Server
	path      string

	serving sync.RWMutex // held for reading by each request

	mu       sync.Mutex
	codes    map[string]grant
	tokens   map[string]map[string]any // access token → the person
	requests map[string]int
	last     url.Values

	refreshes map[string]grant // refresh token → the sign-in
	given     []string         // refresh tokens
	spent     map[string]bool  // refresh tokens that were used, where they serve once
}

// grant is what a code stands for.
type grant struct {
	user                          map[string]any
	nonce, challenge, redirectURL string
	offline                       bool // a refresh token is asked for
}

// New starts a well-behaved provider that ends with the test. path, such as
// "/tenant/v2.0", goes into its issuer; it may be empty.
func New(t testing.TB, path string) *Provider {
	p := &Provider{
		User:     Attacker(),
		Handle:   make(map[string]http.HandlerFunc),
		Key:      newRSA(),
		path:     path,
		codes:    make(map[string]grant),
		tokens:   make(map[string]map[string]any),
		requests: make(map[string]int),

		refreshes: make(map[string]grant),
		spent:     make(map[string]bool),
	}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	p.forbidden = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { p.count("forbidden"); w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(p.forbidden.Close)
	p.Issuer = p.server.URL + path
	return p
}

// Attacker returns the claims of a person with an account of their own.
func Attacker() map[string]any {
	return map[string]any{"sub": "subject-of-mallory", "email": "mallory@acme.example", "email_verified": true, "name": "Mallory Moe"}
}

// Victim returns the claims of a person whom others would like to be.
func Victim() map[string]any {
	return map[string]any{"sub": "subject-of-vera", "email": "vera@acme.example", "email_verified": true, "name": "Vera Vik"}
}

// Host returns the provider's host:port, which has to be allowed by name.
func (p *Provider) Host() string { return strings.TrimPrefix(p.server.URL, "http://") }

// Forbidden returns the host:port of a server that nobody may ask anything; see
// [Provider.Requests].
func (p *Provider) Forbidden() string { return strings.TrimPrefix(p.forbidden.URL, "http://") }

// Config returns what a relying party needs to know of the provider.
func (p *Provider) Config() oidc.Config {
	return oidc.Config{
		Issuer:       p.Issuer,
		ClientID:     ClientID,
		ClientSecret: ClientSecret,
		RedirectURL:  RedirectURL,
		Fetch:        fetch.Options{AllowHosts: []string{p.Host()}},
	}
}

// Requests returns how often an end point, such as "/jwks", was asked; the name
// "forbidden" is for the server of [Provider.Forbidden].
func (p *Provider) Requests(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[name]
}

// LastRequest returns the parameters of the last authorization request.
func (p *Provider) LastRequest() url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Authorize does what a browser does that is sent to an authorization request, and
// returns the query with which it is sent back.
func (p *Provider) Authorize(authURL string) (url.Values, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(authURL)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		return nil, fmt.Errorf("oidctest: the authorization request was answered with %s", resp.Status)
	}
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(back.RawQuery)
}

// Rotate makes a new key the one that signs, and takes the old one away.
func (p *Provider) Rotate() { p.Key = newRSA() }

// LogoutToken returns a logout token for a person and a session; either may be
// empty.
func (p *Provider) LogoutToken(subject, sid string) string {
	claims := map[string]any{
		"iss":    p.Issuer,
		"aud":    ClientID,
		"iat":    p.now().Unix(),
		"exp":    p.now().Add(2 * time.Minute).Unix(),
		"jti":    rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	for name, value := range map[string]string{"sub": subject, "sid": sid} {
		if value != "" {
			claims[name] = value
		}
	}
	change(p.Logout, claims)
	if p.SignLogout != nil {
		return p.SignLogout(claims)
	}
	header := p.Key.Header()
	header["typ"] = "logout+jwt"
	return Forge(header, claims, p.Key.Signature)
}

func (p *Provider) now() time.Time { return time.Now().Add(p.Ahead) }

func (p *Provider) count(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[name]++
}

func change(f func(map[string]any), m map[string]any) {
	if f != nil {
		f(m)
	}
}

// person returns a copy of who signs in.
func (p *Provider) person() map[string]any { return maps.Clone(p.User) }
