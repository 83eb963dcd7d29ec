package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.serving.RLock()
	defer p.serving.RUnlock()
	name, ok := strings.CutPrefix(r.URL.Path, p.path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	p.count(name)
	handle := p.Handle[name]
	if handle == nil {
		handle = map[string]http.HandlerFunc{
			"/.well-known/openid-configuration": p.discovery,
			"/authorize":                        p.authorize,
			"/token":                            p.token,
			"/jwks":                             p.jwks,
			"/userinfo":                         p.userInfo,
			"/end_session":                      p.endSession,
		}[name]
	}
	if handle == nil {
		http.NotFound(w, r)
		return
	}
	handle(w, r)
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	base := p.server.URL + p.path
	document := map[string]any{
		"issuer":                                         base,
		"authorization_endpoint":                         base + "/authorize",
		"token_endpoint":                                 base + "/token",
		"jwks_uri":                                       base + "/jwks",
		"userinfo_endpoint":                              base + "/userinfo",
		"end_session_endpoint":                           base + "/end_session",
		"response_types_supported":                       []string{"code", "id_token"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256", "ES256", "none"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
	}
	change(p.Discovery, document)
	write(w, http.StatusOK, document)
}

// authorize signs the person in at once, and sends the browser back with a
// code.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || query.Get("client_id") != ClientID || query.Get("response_type") != "code" {
		http.Error(w, "no authorization request of a known client", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.last = query
	p.codes[code] = grant{p.person(), query.Get("nonce"), query.Get("code_challenge"), query.Get("redirect_uri"), offlineAsked(query.Get("scope"))}
	p.mu.Unlock()

	answer := back.Query()
	answer.Set("code", code)
	answer.Set("state", query.Get("state"))
	answer.Set("iss", p.server.URL+p.path)
	if p.Answer != nil {
		p.Answer(answer)
	}
	back.RawQuery = answer.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

// token gives tokens for a code.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if !p.authenticated(r) {
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	if r.PostFormValue("grant_type") == "refresh_token" {
		p.refresh(w, r)
		return
	}
	code := r.PostFormValue("code")
	p.mu.Lock()
	g, known := p.codes[code]
	if !p.ReuseCodes {
		delete(p.codes, code)
	}
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !known,
		!p.IgnorePKCE && base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge,
		!p.IgnoreClient && r.PostFormValue("redirect_uri") != g.redirectURL,
		r.PostFormValue("grant_type") != "authorization_code":
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "<b>no such code</b>"})
		return
	}
	access := rand.Text()
	p.mu.Lock()
	p.tokens[access] = g.user
	p.mu.Unlock()
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": p.idToken(g, access)}
	p.offer(answer, g)
	change(p.Exchange, answer)
	write(w, http.StatusOK, answer)
}

func (p *Provider) idToken(g grant, access string) string {
	claims := maps.Clone(g.user)
	maps.Copy(claims, map[string]any{
		"iss":       p.server.URL + p.path,
		"aud":       ClientID,
		"iat":       p.now().Unix(),
		"nbf":       p.now().Unix(),
		"exp":       p.now().Add(5 * time.Minute).Unix(),
		"auth_time": p.now().Unix(),
		"nonce":     g.nonce,
		"sid":       fmt.Sprint("session-of-", claims["sub"]),
		"at_hash":   atHash(access),
	})
	if p.Key.Alg == "EdDSA" {
		delete(claims, "at_hash") // which hash is a matter of opinion
	}
	change(p.Claims, claims)
	if p.Sign != nil {
		return p.Sign(claims)
	}
	return p.Key.Sign(claims)
}

// atHash is for the algorithms that end in 256 (OpenID Connect Core §3.1.3.6).
func atHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// authenticated reports whether the client has shown its secret, in one way
// only, or an assertion that it has signed.
func (p *Provider) authenticated(r *http.Request) bool {
	if assertion := r.PostFormValue("client_assertion"); assertion != "" {
		return p.ClientKey != nil && p.asserted(assertion)
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id) // RFC 6749 §2.3.1
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	return id == ClientID && secret == ClientSecret && !(basic && r.PostForm.Has("client_secret"))
}

func (p *Provider) asserted(assertion string) bool {
	token, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256})
	if err != nil {
		return false
	}
	var claims jwt.Claims
	if err := token.Claims(p.ClientKey, &claims); err != nil {
		return false
	}
	return claims.ID != "" && claims.Expiry != nil && claims.Validate(jwt.Expected{
		Issuer: ClientID, Subject: ClientID, AnyAudience: jwt.Audience{p.server.URL + p.path + "/token"}, Time: p.now(),
	}) == nil
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	if p.HideKey {
		write(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{OtherKey().JWK()}})
		return
	}
	write(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.Key.JWK()}})
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	access, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	user, known := p.tokens[access]
	p.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := maps.Clone(user)
	change(p.UserInfo, claims)
	write(w, http.StatusOK, claims)
}

func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	back, err := url.Parse(r.FormValue("post_logout_redirect_uri"))
	if err != nil || back.Host == "" {
		write(w, http.StatusOK, map[string]any{"signed_out": true})
		return
	}
	query := back.Query()
	if state := r.FormValue("state"); state != "" {
		query.Set("state", state)
	}
	back.RawQuery = query.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who asked may have heard enough
}
