package deskidp

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"github.com/deskbridge/deskbridge/provision"
)

// token exchanges a code for an ID token and an access token (OpenID Connect
// Core §3.1.3).
func (h *Handler) token(w http.ResponseWriter, r *http.Request) {
	e := &exchange{handler: h}
	if err := readForm(w, r); err != nil {
		h.tokenError(w, r, e, fosite.ErrInvalidRequest.WithHint("The form cannot be read, or is too long."))
		return
	}
	if bad := checkTokenForm(r.PostForm); bad != nil {
		h.tokenError(w, r, e, bad)
		return
	}
	ctx := r.Context()
	provider := h.provider(e)
	request, err := provider.NewAccessRequest(ctx, r, openid.NewDefaultSession())
	if err != nil {
		if errors.Is(err, fosite.ErrInvalidGrant) && e.grant == nil {
			h.undoReplay(r, e.found.desk.ID, r.PostForm.Get("code"))
		}
		h.tokenError(w, r, e, err)
		return
	}
	v, err := h.core.AppVisitor(ctx, e.grant.App)
	if isCode(err, provision.Denied) {
		h.tokenError(w, r, e, fosite.ErrInvalidGrant.WithHint("The person has no access any more."))
		return
	}
	if err != nil {
		h.tokenError(w, r, e, e.failed(err))
		return
	}
	session, ok := request.GetSession().(*openid.DefaultSession)
	if !ok {
		h.tokenError(w, r, e, fosite.ErrServerError)
		return
	}
	who := visitor{person: v.Person, connection: v.Connection, desk: v.Desk, entry: v.Entry}
	for name, value := range who.claims(e.grant.Scopes) {
		session.Claims.Add(name, value)
	}
	answer, err := provider.NewAccessResponse(ctx, request)
	if err == nil {
		err = h.keepToken(ctx, e, v.Desk.ID)
	}
	if err != nil {
		h.tokenError(w, r, e, err)
		return
	}
	provider.WriteAccessResponse(ctx, w, request, answer)
}

// checkTokenForm returns what is wrong with a form before anybody looks at
// what it says.
func checkTokenForm(form url.Values) *fosite.RFC6749Error {
	for _, values := range form {
		if len(values) > 1 {
			return fosite.ErrInvalidRequest.WithHint("A parameter was sent twice.")
		}
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return nil
	case "":
		return fosite.ErrInvalidRequest.WithHint("The parameter grant_type is missing.")
	}
	return fosite.ErrUnsupportedGrantType
}

// keepToken saves the access token, and what the code was exchanged for.
func (h *Handler) keepToken(ctx context.Context, e *exchange, desk provision.DeskID) error {
	what := accessToken{App: e.grant.App, Scopes: e.grant.Scopes}
	if err := h.core.KeepTicket(ctx, ticketToken, "", e.token, what, accessTokenLife); err != nil {
		return e.failed(err)
	}
	if err := h.core.KeepTicket(ctx, ticketSpent, "", e.code, spent{Token: e.token, App: e.grant.App, Desk: desk}, accessTokenLife); err != nil {
		return e.failed(err)
	}
	return nil
}

// undoReplay takes back what a code was exchanged for, when its desk shows it
// again: one of the two who had it has stolen it (RFC 6749 §10.5).
func (h *Handler) undoReplay(r *http.Request, desk provision.DeskID, code string) {
	ctx := r.Context()
	var was spent
	err := h.core.PeekTicket(ctx, ticketSpent, "", code, &was)
	if err != nil && !isCode(err, provision.NotFound) {
		h.log.ErrorContext(ctx, "a code that came twice could not be looked at", "request", h.reference(r), "err", err)
	}
	if err != nil || was.Desk != desk {
		return
	}
	var token accessToken
	if err := h.core.TakeTicket(ctx, ticketToken, "", was.Token, &token); err != nil && !isCode(err, provision.NotFound) {
		h.log.ErrorContext(ctx, "an access token could not be taken back", "request", h.reference(r), "err", err)
	}
	f := refusal{reason: reasonCodeReplayed, detail: "a code came twice; the access token that it was exchanged for is taken back", desk: was.Desk, protocol: provision.ProtocolOIDC}
	if app, err := h.core.AppSession(ctx, was.App); err == nil {
		f.connection, f.person = app.Connection, app.Identity
	}
	h.record(r, f)
}

// tokenReasons are our words for what went wrong at the token endpoint.
var tokenReasons = map[string]string{
	fosite.ErrInvalidGrant.ErrorField:  reasonCode,
	fosite.ErrInvalidClient.ErrorField: reasonSecret,
}

// tokenError answers a program (RFC 6749 §5.2).
func (h *Handler) tokenError(w http.ResponseWriter, r *http.Request, e *exchange, err error) {
	problem := fosite.ErrorToRFC6749Error(err)
	if e.err != nil || problem.CodeField >= http.StatusInternalServerError {
		if e.err != nil {
			err = e.err
		}
		h.log.ErrorContext(r.Context(), "a code could not be exchanged", "request", h.reference(r), "err", err)
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	f := refusal{reason: problem.ErrorField, detail: problem.HintField, protocol: provision.ProtocolOIDC}
	if reason := tokenReasons[problem.ErrorField]; reason != "" {
		f.reason = reason
	}
	if e.found.DefaultClient != nil {
		f.desk = e.found.desk.ID
	}
	h.record(r, f)
	if problem.CodeField == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="deskbridge"`)
	}
	writeJSON(w, problem.CodeField, map[string]string{"error": problem.ErrorField, "error_description": problem.GetDescription()})
}
