// Package oidc signs people in to desks by OpenID Connect: the code flow and
// nothing else, without refresh tokens and request objects, and sign-out in both
// directions.
//
// What a desk asks for is judged here, byte for byte where it is an address. Who
// may go in, the core says. The core also keeps pending requests, codes and access
// tokens, by their hashes, so that any number of replicas serve one sign-in; a code
// serves once. go-jose signs and reads ID tokens.
//
// The package knows neither how people sign in here, nor the database.
package oidc

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// issuerPath is where the OpenID provider is. One issuer serves all desks: they
// are told apart by client_id.
const issuerPath = site.Prefix + "/oidc"

// The scopes that are understood; others are passed over (OpenID Connect Core
// §5.4).
const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopeGroups  = "groups"
)

var scopes = []string{scopeOpenID, scopeProfile, scopeEmail, scopeGroups}

// Handler is the OpenID provider. It is safe for concurrent use.
type Handler struct {
	*site.Site
	client *http.Client // for desks that want to hear of a sign-out
}

// New returns the OpenID provider at s, which tells desks of a sign-out by
// client.
func New(s *site.Site, client *http.Client) *Handler { return &Handler{s, client} }

// Routes adds what is served to mux.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+issuerPath+"/.well-known/openid-configuration", h.discovery)
	mux.HandleFunc("GET "+issuerPath+"/jwks", h.jwks)
	mux.HandleFunc("GET "+issuerPath+"/authorize", h.authorize)
	mux.HandleFunc("POST "+issuerPath+"/authorize", h.authorizePost)
	mux.HandleFunc("GET "+issuerPath+"/continue", h.authorizeContinue)
	mux.HandleFunc("POST "+issuerPath+"/token", h.token)
	mux.HandleFunc("GET "+issuerPath+"/userinfo", h.userinfo)
	mux.HandleFunc("POST "+issuerPath+"/userinfo", h.userinfo)
	mux.HandleFunc("GET "+issuerPath+"/end-session", h.endSession)
	mux.HandleFunc("POST "+issuerPath+"/end-session", h.endSessionPost)
}

func (h *Handler) issuer() string { return h.PublicURL + issuerPath }

// discovery serves what a desk needs to know of us (OpenID Connect Discovery
// §3, RFC 8414).
func (h *Handler) discovery(w http.ResponseWriter, _ *http.Request) {
	site.Cacheable(w)
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                 h.issuer(),
		"authorization_endpoint": h.issuer() + "/authorize",
		"token_endpoint":         h.issuer() + "/token",
		"userinfo_endpoint":      h.issuer() + "/userinfo",
		"jwks_uri":               h.issuer() + "/jwks",
		"end_session_endpoint":   h.issuer() + "/end-session",

		"scopes_supported":                      scopes,
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{string(jose.RS256)},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":      []string{"S256"},
		"prompt_values_supported":               prompts,
		"claim_types_supported":                 []string{"normal"},
		"claims_supported": []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "email", "email_verified",
			"name", "given_name", "family_name", "preferred_username", "locale", "zoneinfo", "groups", "role"},

		"claims_parameter_supported":      false,
		"request_parameter_supported":     false,
		"request_uri_parameter_supported": false, // its default is true

		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
		"authorization_response_iss_parameter_supported": true,
	})
}

// jwks serves our public keys: the next one before it signs, and the last one
// until it is retired.
func (h *Handler) jwks(w http.ResponseWriter, r *http.Request) {
	keys, err := h.SigningKeys(r.Context())
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(jose.RS256), Use: "sig"})
	}
	site.Cacheable(w)
	writeJSON(w, http.StatusOK, set)
}

// serverError answers a program that err is not its own (RFC 6749 section 5.2
// has no word for it).
func serverError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if provision.IsUnavailable(err) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, status, map[string]string{"error": "server_error"})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the reader may be gone
}
