package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

const (
	accessTokenLife = 5 * time.Minute // for userinfo, and nothing else

	kindToken session.OneTimeKind = "idp.token"
)

// accessToken is what an access token stands for.
type accessToken struct {
	DeskSession provision.DeskSessionID `json:"desk_session"`
	Scopes      []string                `json:"scopes"`
}

// tokens are what a code is exchanged for (RFC 6749 §5.1, OpenID Connect Core
// §3.1.3.3). There are no refresh tokens: a desk keeps a session of its own.
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	IDToken     string `json:"id_token"`
	Scope       string `json:"scope"`
}

// token exchanges a code for an ID token and an access token (OpenID Connect
// Core §3.1.3).
func (h *Handler) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1
	if err := site.ReadForm(w, r); err != nil {
		h.tokenError(w, r, "", newProblem(invalidRequest, "The form cannot be read, or is too long."))
		return
	}
	if err := checkTokenForm(r.PostForm); err != nil {
		h.tokenError(w, r, "", err)
		return
	}
	desk, err := h.authenticateClient(r.Context(), r)
	if err != nil {
		h.tokenError(w, r, desk.ID, err)
		return
	}
	answer, err := h.exchange(r, desk)
	if err != nil {
		h.tokenError(w, r, desk.ID, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// checkTokenForm returns what is wrong with a form before anybody looks at
// what it says.
func checkTokenForm(form url.Values) error {
	for _, values := range form {
		if len(values) > 1 {
			return newProblem(invalidRequest, "A parameter was sent twice.")
		}
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return nil
	case "":
		return newProblem(invalidRequest, "The parameter grant_type is missing.")
	}
	return newProblem(unsupportedGrantType, "")
}

// exchange gives desk the tokens for the code that it shows. What somebody may
// do there, and whether they still may go in, is looked up at this moment.
func (h *Handler) exchange(r *http.Request, desk provision.Desk) (tokens, error) {
	ctx, code := r.Context(), r.PostForm.Get("code")
	g, err := h.takeCode(ctx, code)
	if errors.Is(err, errUnknownCode) {
		h.undoReplay(r, desk.ID, code)
	}
	if err == nil {
		err = g.check(desk, r.PostForm)
	}
	if err != nil {
		return tokens{}, err
	}
	v, err := h.Core.DeskSessions.Subject(ctx, g.DeskSession)
	if site.IsCode(err, provision.Denied) {
		return tokens{}, newProblem(invalidGrant, "The person has no access any more.")
	}
	if err != nil {
		return tokens{}, err
	}
	access := provision.NewSecret()
	who := site.Subject{Person: v.Person, Connection: v.Connection, Desk: v.Desk, Entry: v.Entry}
	idToken, err := h.idToken(ctx, g, access, claimsOf(who, g.Scopes))
	if err != nil {
		return tokens{}, err
	}
	if err := h.keepToken(ctx, access, g, spent{Token: access, DeskSession: g.DeskSession, Desk: v.Desk.ID}, code); err != nil {
		return tokens{}, err
	}
	return tokens{AccessToken: access, TokenType: "bearer", ExpiresIn: int(accessTokenLife / time.Second), IDToken: idToken, Scope: strings.Join(g.Scopes, " ")}, nil
}

// keepToken saves the access token, and what the code was exchanged for.
func (h *Handler) keepToken(ctx context.Context, access string, g grant, what spent, code string) error {
	if err := h.Core.Sessions.KeepOneTime(ctx, kindToken, "", access, accessToken{DeskSession: g.DeskSession, Scopes: g.Scopes}, accessTokenLife); err != nil {
		return err
	}
	return h.Core.Sessions.KeepOneTime(ctx, kindSpent, "", code, what, accessTokenLife)
}

// undoReplay takes back what a code was exchanged for, when its desk shows it
// again: one of the two who had it has stolen it (RFC 6749 §10.5).
func (h *Handler) undoReplay(r *http.Request, desk provision.DeskID, code string) {
	ctx := r.Context()
	var was spent
	err := h.Core.Sessions.PeekOneTime(ctx, kindSpent, "", code, &was)
	if err != nil && !site.IsCode(err, provision.NotFound) {
		h.Log.ErrorContext(ctx, "a code that came twice could not be looked at", "request", h.Reference(r), "err", err)
	}
	if err != nil || was.Desk != desk {
		return
	}
	var token accessToken
	if err := h.Core.Sessions.TakeOneTime(ctx, kindToken, "", was.Token, &token); err != nil && !site.IsCode(err, provision.NotFound) {
		h.Log.ErrorContext(ctx, "an access token could not be taken back", "request", h.Reference(r), "err", err)
	}
	f := site.Refusal{Reason: site.ReasonCodeReplayed, Detail: "a code came twice; the access token that it was exchanged for is taken back", Desk: was.Desk, Protocol: provision.ProtocolOIDC}
	if deskSession, err := h.Core.DeskSessions.Session(ctx, was.DeskSession); err == nil {
		f.Connection, f.Person = deskSession.Connection, deskSession.Identity
	}
	h.Record(r, f)
}

// tokenReasons are our words for what went wrong at the token endpoint.
var tokenReasons = map[string]string{
	invalidGrant:  site.ReasonCode,
	invalidClient: site.ReasonSecret,
}

// tokenError answers a program (RFC 6749 §5.2). desk is who the request comes
// from, or claims to; "": nobody knows.
func (h *Handler) tokenError(w http.ResponseWriter, r *http.Request, desk provision.DeskID, err error) {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		h.Log.ErrorContext(r.Context(), "a code could not be exchanged", "request", h.Reference(r), "err", err)
		serverError(w, err)
		return
	}
	f := site.Refusal{Reason: p.code, Detail: p.hint, Desk: desk, Protocol: provision.ProtocolOIDC}
	if reason := tokenReasons[p.code]; reason != "" {
		f.Reason = reason
	}
	h.Record(r, f)
	if p.status() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="deskbridge"`)
	}
	writeJSON(w, p.status(), map[string]string{"error": p.code, "error_description": p.description()})
}
