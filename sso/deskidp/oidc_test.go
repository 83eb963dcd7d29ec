package deskidp_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// relyingParty is the desk as go-oidc has it.
type relyingParty struct {
	*oidc.Provider
	oauth2.Config
}

func (h *harness) relyingParty(clientID, secret string) relyingParty {
	h.Helper()
	provider, err := oidc.NewProvider(h.Context(), h.server.URL+"/sso/idp/oidc")
	h.must(err)
	return relyingParty{provider, oauth2.Config{ClientID: clientID, ClientSecret: secret, Endpoint: provider.Endpoint(),
		RedirectURL: h.desk.URL + "/callback", Scopes: []string{"openid", "profile", "email", "offline_access"}}}
}

// code returns the code that a browser brings to the desk.
func (p page) code(t testing.TB) string {
	t.Helper()
	if p.location == nil || p.location.Query().Get("code") == "" {
		t.Fatalf("no code: %d %v %s", p.status, p.location, p.body)
	}
	return p.location.Query().Get("code")
}

// sentBack fails the test unless the browser is sent to the desk with an error.
func (p page) sentBack(t testing.TB, to, problem string) {
	t.Helper()
	if p.location == nil || !strings.HasPrefix(p.location.String(), to+"?") || p.location.Query().Get("error") != problem || p.location.Query().Has("code") {
		t.Errorf("%d %v %.100s, want %s with the error %s", p.status, p.location, p.body, to, problem)
	}
}

type idClaims struct {
	Subject   string    `json:"sub"`
	SessionID string    `json:"sid"`
	AuthTime  int64     `json:"auth_time"`
	Email     string    `json:"email"`
	Verified  *bool     `json:"email_verified"`
	Name      string    `json:"name"`
	UserName  string    `json:"preferred_username"`
	Role      string    `json:"role"`
	Groups    *[]string `json:"groups"`
	Asked     any       `json:"rat"`
}

func TestOIDCSignIn(t *testing.T) {
	for _, tt := range []struct {
		name, client, secret string
		style                oauth2.AuthStyle
		pkce                 bool
	}{
		{"basic", "support", clientSecret, oauth2.AuthStyleInHeader, true},
		{"secret in the form, without PKCE", "support", clientSecret, oauth2.AuthStyleInParams, false},
		{"public", publicClient, "", oauth2.AuthStyleInParams, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t)
			rp := h.relyingParty(tt.client, tt.secret)
			rp.Config.Endpoint.AuthStyle = tt.style
			verifier := oauth2.GenerateVerifier()
			options := []oauth2.AuthCodeOption{oidc.Nonce("n-1")}
			var pkce []oauth2.AuthCodeOption
			if tt.pkce {
				options = append(options, oauth2.S256ChallengeOption(verifier))
				pkce = append(pkce, oauth2.VerifierOption(verifier))
			}
			b := h.browser()
			p := b.get(rp.AuthCodeURL("some state & <b>", options...))
			query := p.location.Query()
			if query.Get("state") != "some state & <b>" || query.Get("iss") != h.server.URL+"/sso/idp/oidc" {
				t.Errorf("sent back with %v", query)
			}
			token, err := rp.Exchange(t.Context(), p.code(t), pkce...)
			h.must(err)
			raw, _ := token.Extra("id_token").(string)
			id, err := rp.Verifier(&oidc.Config{ClientID: tt.client}).Verify(t.Context(), raw)
			h.must(err)
			h.must(id.VerifyAccessToken(token.AccessToken))
			if id.Nonce != "n-1" || id.Expiry.After(time.Now().Add(10*time.Minute)) || token.RefreshToken != "" {
				t.Errorf("ID token %+v, refresh token %q", id, token.RefreshToken)
			}
			var claims idClaims
			h.must(id.Claims(&claims))
			if claims.SessionID == "" || claims.Asked != nil || time.Since(time.Unix(claims.AuthTime, 0)) > time.Hour {
				t.Errorf("claims = %+v", claims)
			}
			role := "Agent"
			if tt.client == publicClient {
				role = "agent" // no words of its own
			}
			want := idClaims{Subject: string(h.person.ID), SessionID: claims.SessionID, AuthTime: claims.AuthTime, Email: "ada@example.test", Verified: new(true),
				Name: "Ada <b>Byron</b> & Søn", UserName: "ada", Role: role, Groups: &[]string{"Billing", "Tier 1"}}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("ID token (-want +got):\n%s", diff)
			}
			info, err := rp.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			h.must(err)
			var told idClaims
			h.must(info.Claims(&told))
			want.SessionID, want.AuthTime = "", 0
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("userinfo (-want +got):\n%s", diff)
			}
			second := b.get(rp.AuthCodeURL("s", options...))
			token, err = rp.Exchange(t.Context(), second.code(t), pkce...)
			h.must(err)
			raw, _ = token.Extra("id_token").(string)
			id, err = rp.Verifier(&oidc.Config{ClientID: tt.client}).Verify(t.Context(), raw)
			h.must(err)
			var again idClaims
			h.must(id.Claims(&again))
			if again.SessionID != claims.SessionID || h.portal.asked != 1 {
				t.Errorf("the second sign-in has sid %s after %s; asked %d times", again.SessionID, claims.SessionID, h.portal.asked)
			}
		})
	}
}

func TestOIDCPrompts(t *testing.T) {
	h := newHarness(t)
	rp := h.relyingParty("support", clientSecret)
	with := func(pairs ...string) string {
		options := make([]oauth2.AuthCodeOption, 0, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			options = append(options, oauth2.SetAuthURLParam(pairs[i], pairs[i+1]))
		}
		return rp.AuthCodeURL("state", options...)
	}
	to := rp.RedirectURL
	b := h.browser()
	b.get(with("prompt", "none")).sentBack(t, to, "login_required")
	b = h.signedIn()
	asks := func(name, at string, want int) string {
		t.Helper()
		before := h.portal.asked
		code := b.get(at).code(t)
		if asked := h.portal.asked - before; asked != want {
			t.Errorf("%s: asked to sign in %d times, want %d", name, asked, want)
		}
		return code
	}
	asks("prompt=none", with("prompt", "none"), 0)
	asks("prompt=login", with("prompt", "login"), 1)
	asks("max_age=0", with("max_age", "0"), 1)
	code := asks("max_age of an hour", with("max_age", "3600"), 0)
	if _, err := rp.Exchange(t.Context(), code); err != nil {
		t.Errorf("after max_age: %v", err)
	}
	asks("prompt=consent", with("prompt", "consent"), 0)
	h.portal.signIn = false
	b.get(with("prompt", "login")).sentBack(t, to, "login_required")
	h.portal.signIn = true
	b.get(with("prompt", "none login")).sentBack(t, to, "invalid_request")
	b.get(with("prompt", "guess")).sentBack(t, to, "invalid_request")
	b.get(with("max_age", "soon")).sentBack(t, to, "invalid_request")
	b.get(with("scope", "profile")).sentBack(t, to, "invalid_scope")
	b.get(with("response_type", "token")).sentBack(t, to, "unsupported_response_type")
	b.get(with("response_type", "code id_token")).sentBack(t, to, "unsupported_response_type")
	b.get(with("response_mode", "fragment")).sentBack(t, to, "unsupported_response_mode")
	b.get(with("request", "eyJ")).sentBack(t, to, "request_not_supported")
	b.get(with("request_uri", "https://evil.test")).sentBack(t, to, "request_uri_not_supported")
	b.get(with("code_challenge", "plain", "code_challenge_method", "plain")).sentBack(t, to, "invalid_request")
	b.get(with("id_token_hint", "eyJhbGciOiJub25lIn0.e30.")).sentBack(t, to, "invalid_request")
	b.get(with()+"&nonce=a&nonce=b").sentBack(t, to, "invalid_request")

	query, err := url.Parse(with())
	h.must(err)
	form := query.Query()
	form.Del("state") // with PKCE it may be left out
	if p := b.post(h.server.URL+"/sso/idp/oidc/authorize", form, true); p.location.Query().Has("state") || p.code(t) == "" {
		t.Errorf("by post, without a state: %v", p.location)
	}
	asks("unknown parameters and scopes", with("ui_locales", "nn", "scope", "openid phone x", "audience", "y"), 0)
}

func TestOIDCAddresses(t *testing.T) {
	h := newHarness(t)
	b := h.signedIn()
	good := h.desk.URL + "/callback"
	authorize := func(redirect ...string) page {
		q := url.Values{"client_id": {"support"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": redirect, "state": {"s"}}
		return b.get(h.server.URL + "/sso/idp/oidc/authorize?" + q.Encode())
	}
	authorize(good).code(t)
	if p := authorize(good + "?x=1"); p.code(t) == "" || p.location.Query().Get("x") != "1" {
		t.Errorf("an address with a query: %v", p.location)
	}
	elsewhere := strings.Replace(h.desk.URL, "127.0.0.1:", "127.0.0.1:1", 1)
	for _, redirect := range [][]string{
		{}, {""}, {good, good}, {good + "/"}, {good + "?"}, {good + "?x=2"}, {good + "#x"}, {good + "/../callback"}, {strings.ToUpper(good)},
		{elsewhere + "/callback"}, {"http://user@" + strings.TrimPrefix(good, "http://")}, {"https://evil.test/callback"}, {"javascript:alert(1)"},
		{"//evil.test"}, {" " + good}, {good + "\x00"}, {strings.Replace(good, "127.0.0.1", "localhost", 1)}, {strings.Replace(good, "http:", "https:", 1)},
	} {
		p := authorize(redirect...)
		if p.location != nil || p.body != "failed: redirect-uri" {
			t.Errorf("redirect_uri %q: %d %v %.80s", redirect, p.status, p.location, p.body)
		}
	}
	h.refusedFor("redirect-uri")
	long := url.Values{"client_id": {"support"}, "redirect_uri": {good}, "state": {strings.Repeat("s", 9<<10)}}
	if p := b.get(h.server.URL + "/sso/idp/oidc/authorize?" + long.Encode()); p.body != "failed: bad-request" {
		t.Errorf("a long state: %d %.80s", p.status, p.body)
	}
	if p := b.get(h.server.URL + "/sso/idp/oidc/authorize?client_id=nobody&redirect_uri=" + url.QueryEscape(good)); p.body != "failed: unknown-client" {
		t.Errorf("an unknown client: %d %s", p.status, p.body)
	}
	if p := b.get(h.server.URL + "/sso/idp/oidc/continue?request=guess"); p.body != "failed: pending" {
		t.Errorf("a request that is not pending: %d %s", p.status, p.body)
	}
}

// exchange posts to the token endpoint and returns the status and the error.
func (h *harness) exchange(form url.Values, user, password string) (int, string) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.server.URL+"/sso/idp/oidc/token", strings.NewReader(form.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultClient.Do(r)
	h.must(err)
	defer resp.Body.Close()
	var answer struct {
		Error string `json:"error"`
	}
	h.must(json.NewDecoder(resp.Body).Decode(&answer))
	if resp.StatusCode == http.StatusUnauthorized && resp.Header.Get("WWW-Authenticate") == "" {
		h.Error("401 without WWW-Authenticate")
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		h.Errorf("Cache-Control %q", resp.Header.Get("Cache-Control"))
	}
	return resp.StatusCode, answer.Error
}

func TestOIDCCodes(t *testing.T) {
	h := newHarness(t)
	b := h.signedIn()
	verifier := oauth2.GenerateVerifier()
	h.addDesk("other", protocol.DeskSignIn{OIDC: &protocol.DeskOIDC{ClientID: "other", ClientSecret: "another-secret-of-many", RedirectURIs: []string{h.desk.URL + "/callback"}}})
	code := func(client string, options ...oauth2.AuthCodeOption) string {
		rp := h.relyingParty(client, "")
		return b.get(rp.AuthCodeURL("s", options...)).code(t)
	}
	form := func(code string, pairs ...string) url.Values {
		f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {h.desk.URL + "/callback"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	pkce := oauth2.S256ChallengeOption(verifier)
	for _, tt := range []struct {
		name           string
		form           url.Values
		user, password string
		status         int
		problem        string
	}{
		{"no client", form(code("support")), "", "", 400, "invalid_request"},
		{"a client without its secret", form(code("support"), "client_id", "support"), "", "", 401, "invalid_client"},
		{"a wrong secret", form(code("support")), "support", "wrong", 401, "invalid_client"},
		{"a wrong secret in the form", form(code("support"), "client_id", "support", "client_secret", "wrong"), "", "", 401, "invalid_client"},
		{"an unknown client", form(code("support")), "nobody", "secret", 401, "invalid_client"},
		{"one client in the header, another in the form", form(code("support"), "client_id", "other", "client_secret", "another-secret-of-many"), "support", clientSecret, 400, "invalid_request"},
		{"one client in the header, another named in the form", form(code("support"), "client_id", "other"), "support", clientSecret, 400, "invalid_request"},
		{"one client in the header, a public one in the form", form(code("support"), "client_id", publicClient), "support", clientSecret, 400, "invalid_request"},
		{"another secret in the form than in the header", form(code("support"), "client_id", "support", "client_secret", "another-secret-of-many"), "support", clientSecret, 400, "invalid_request"},
		{"the same client in the header and in the form", form(code("support"), "client_id", "support"), "support", clientSecret, 200, ""},
		{"a signed assertion", form(code("support"), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "eyJ.e30.x"), "", "", 401, "invalid_client"},
		{"a code of another client", form(code("other")), "support", clientSecret, 400, "invalid_grant"},
		{"another redirect_uri", form(code("support"), "redirect_uri", h.desk.URL+"/callback?x=1"), "support", clientSecret, 400, "invalid_grant"},
		{"no redirect_uri", form(code("support"), "redirect_uri", ""), "support", clientSecret, 400, "invalid_grant"},
		{"no code", form(""), "support", clientSecret, 400, "invalid_grant"},
		{"a guess", form("guess"), "support", clientSecret, 400, "invalid_grant"},
		{"PKCE without the verifier", form(code("support", pkce)), "support", clientSecret, 400, "invalid_grant"},
		{"PKCE with another verifier", form(code("support", pkce), "code_verifier", oauth2.GenerateVerifier()), "support", clientSecret, 400, "invalid_grant"},
		{"a verifier for a code without PKCE", form(code("support"), "code_verifier", verifier), "support", clientSecret, 400, "invalid_grant"},
		{"another grant type", form("", "grant_type", "password"), "support", clientSecret, 400, "unsupported_grant_type"},
		{"a refresh token", form("", "grant_type", "refresh_token"), "support", clientSecret, 400, "unsupported_grant_type"},
		{"no grant type", form("", "grant_type", ""), "support", clientSecret, 400, "invalid_request"},
		{"two codes", url.Values{"grant_type": {"authorization_code"}, "code": {"a", "b"}}, "support", clientSecret, 400, "invalid_request"},
		{"70 kB", form(strings.Repeat("x", 70<<10)), "support", clientSecret, 400, "invalid_request"},
		{"the public client with another verifier", form(code(publicClient, pkce), "client_id", publicClient, "code_verifier", oauth2.GenerateVerifier()), "", "", 400, "invalid_grant"},
		{"the public client without the verifier", form(code(publicClient, pkce), "client_id", publicClient), "", "", 400, "invalid_grant"},
		{"the public client with PKCE", form(code(publicClient, pkce), "client_id", publicClient, "code_verifier", verifier), "", "", 200, ""},
		{"all is well", form(code("support")), "support", clientSecret, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := h.with(t)
			status, problem := h.exchange(tt.form, tt.user, tt.password)
			if status != tt.status || problem != tt.problem {
				t.Errorf("%d %s, want %d %s", status, problem, tt.status, tt.problem)
			}
			if tt.status != http.StatusOK && tt.problem != "invalid_request" && tt.problem != "unsupported_grant_type" {
				if status, _ := h.exchange(tt.form, "support", clientSecret); status == http.StatusOK && tt.problem == "invalid_grant" {
					t.Error("the code is still good")
				}
			}
		})
	}
	t.Run("a public client without PKCE", func(t *testing.T) {
		b.get(new(h.relyingParty(publicClient, "")).AuthCodeURL("s")).sentBack(t, h.desk.URL+"/callback", "invalid_request")
	})
	t.Run("a code that comes twice takes the access token back", func(t *testing.T) {
		h := h.with(t)
		rp := h.relyingParty("support", clientSecret)
		c := code("support")
		token, err := rp.Exchange(t.Context(), c)
		h.must(err)
		if _, err := rp.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err != nil {
			t.Fatal(err)
		}
		if status, problem := h.exchange(form(c), "other", "another-secret-of-many"); status != 400 || problem != "invalid_grant" {
			t.Errorf("another client: %d %s", status, problem)
		}
		if _, err := rp.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err != nil {
			t.Errorf("another client's replay took the token back: %v", err)
		}
		if status, problem := h.exchange(form(c), "support", clientSecret); status != 400 || problem != "invalid_grant" {
			t.Errorf("the second time: %d %s", status, problem)
		}
		if _, err := rp.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
			t.Error("the access token is still good")
		}
	})
	t.Run("twenty at once", func(t *testing.T) {
		h := h.with(t)
		f := form(code("support"))
		statuses := make(chan int, 20)
		for range 20 {
			go func() {
				status, _ := h.exchange(f, "support", clientSecret)
				statuses <- status
			}()
		}
		good := 0
		for range 20 {
			if <-statuses == http.StatusOK {
				good++
			}
		}
		if good != 1 {
			t.Errorf("%d got a token, want 1", good)
		}
	})
}
