package builtin

import (
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
)

// tokenBody is the answer to a granted request (RFC 6749 §5.1).
type tokenBody struct {
	TokenType   string `json:"token_type"`
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// tokenError is the answer to a refused one (RFC 6749 §5.2).
type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// tokenRequest is a client credentials grant (RFC 6749 §4.4).
type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// token serves the token endpoint. As Help Scout's it reads JSON, a form or
// the query.
func (a *api) token(w http.ResponseWriter, r *http.Request) {
	ref := correlate(w)
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeJSON(w, http.StatusMethodNotAllowed, "application/json", tokenError{Error: "invalid_request", Description: "use POST"})
		return
	}
	req, ok := readTokenRequest(w, r)
	switch {
	case !ok || req.GrantType == "" || req.ClientID == "" || req.ClientSecret == "":
		writeJSON(w, http.StatusBadRequest, "application/json",
			tokenError{"invalid_request", "grant_type, client_id and client_secret are required"})
		return
	case req.GrantType != "client_credentials":
		writeJSON(w, http.StatusBadRequest, "application/json",
			tokenError{"unsupported_grant_type", "use client_credentials"})
		return
	}
	token, err := a.desks.issueToken(r.Context(), req.ClientID, req.ClientSecret)
	switch {
	case err != nil && desk.KindOf(err) == desk.Unauthorized:
		writeJSON(w, http.StatusUnauthorized, "application/json", tokenError{"invalid_client", "unknown app or wrong secret, or its user is not active"})
	case err != nil:
		a.fail(r.Context(), w, ref, err)
	default:
		writeJSON(w, http.StatusOK, "application/json", tokenBody{"bearer", token, int(tokenLife.Seconds())})
	}
}

func readTokenRequest(w http.ResponseWriter, r *http.Request) (req tokenRequest, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	if isJSON(r.Header.Get("Content-Type")) {
		return req, json.NewDecoder(r.Body).Decode(&req) == nil
	}
	if err := r.ParseForm(); err != nil {
		return req, false
	}
	return tokenRequest{r.Form.Get("grant_type"), r.Form.Get("client_id"), r.Form.Get("client_secret")}, true
}
