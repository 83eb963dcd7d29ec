package oidc

import (
	"mime"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// userinfo tells a desk about the person behind an access token, as things are
// at this moment (OpenID Connect Core §5.3, RFC 6750).
func (h *Handler) userinfo(w http.ResponseWriter, r *http.Request) {
	bearer, ok := bearerOf(w, r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="deskbridge"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	ctx := r.Context()
	var token accessToken
	err := h.Core.Sessions.PeekOneTime(ctx, kindToken, "", bearer, &token)
	var v desksession.Subject
	if err == nil {
		v, err = h.Core.DeskSessions.Subject(ctx, token.DeskSession)
	}
	switch {
	case site.IsCode(err, provision.NotFound), site.IsCode(err, provision.Denied):
		w.Header().Set("WWW-Authenticate", `Bearer realm="deskbridge", error="invalid_token", error_description="the access token is unknown, expired, or its session is over"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
	case err != nil:
		h.Log.ErrorContext(ctx, "userinfo failed", "request", h.Reference(r), "err", err)
		serverError(w, err)
	default:
		who := site.Subject{Person: v.Person, Connection: v.Connection, Desk: v.Desk, Entry: v.Entry}
		claims := claimsOf(who, token.Scopes)
		claims["sub"] = string(v.Person.ID)
		writeJSON(w, http.StatusOK, claims)
	}
}

// bearerOf returns the access token of a request: from the header, or from a
// form. One in the address would end up in logs (RFC 6750 §2.3).
func bearerOf(w http.ResponseWriter, r *http.Request) (string, bool) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token), token != ""
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || err != nil || kind != "application/x-www-form-urlencoded" || site.ReadForm(w, r) != nil {
		return "", false
	}
	token := r.PostForm.Get("access_token")
	return token, token != ""
}
