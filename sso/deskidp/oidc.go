package deskidp

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"github.com/deskbridge/deskbridge/provision"
)

// issuerPath is where the OpenID provider is. One issuer serves all desks: they
// are told apart by client_id.
const issuerPath = prefix + "/oidc"

// The scopes that are understood; others are passed over (OpenID Connect Core
// §5.4).
const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopeGroups  = "groups"
)

var scopes = []string{scopeOpenID, scopeProfile, scopeEmail, scopeGroups}

func (h *Handler) issuer() string { return h.options.PublicURL + issuerPath }

// discovery serves what a desk needs to know of us (OpenID Connect Discovery
// §3, RFC 8414).
func (h *Handler) discovery(w http.ResponseWriter, _ *http.Request) {
	cacheable(w)
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
	keys, err := h.signingKeys(r.Context())
	if err != nil {
		h.broken(w, r, err)
		return
	}
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(jose.RS256), Use: "sig"})
	}
	cacheable(w)
	writeJSON(w, http.StatusOK, set)
}

// claims returns what a desk is told of a person, beside who it is, for the
// scopes that it asked for.
func (v visitor) claims(granted []string) map[string]any {
	claims := make(map[string]any)
	add := func(name string, f provision.Field) {
		if value := v.value(f); value != "" {
			claims[name] = value
		}
	}
	for _, scope := range granted {
		switch scope {
		case scopeEmail:
			add("email", provision.FieldEmail)
			if v.emailVerified() {
				claims["email_verified"] = true
			}
		case scopeProfile:
			add("name", provision.FieldName)
			add("given_name", provision.FieldGivenName)
			add("family_name", provision.FieldFamilyName)
			add("preferred_username", provision.FieldUserName)
			add("locale", provision.FieldLocale)
			add("zoneinfo", provision.FieldTimezone)
		}
		if scope == scopeProfile || scope == scopeGroups { // most desks can ask for standard scopes alone
			add("role", provision.FieldRole)
			claims["groups"] = append([]string{}, v.values(provision.FieldGroups)...)
		}
	}
	return claims
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the reader may be gone
}
