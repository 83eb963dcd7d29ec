package deskidp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	maxFormBody = 64 << 10
	// maxParams bounds what is kept of somebody who has not signed in yet.
	maxParams = 8 << 10

	ticketAuthorize provision.TicketKind = "idp.authorize"

	// noState stands for a state that the desk did not send: fosite demands one.
	noState = "none"
)

var prompts = []string{"none", "login", "consent", "select_account"}

// authorization is one request at the authorization endpoint (OpenID Connect
// Core §3.1.2). Where it may be answered to is known: Redirect is one of the
// desk's.
type authorization struct {
	Params   url.Values `json:"params"`
	Redirect string     `json:"-"`
	Since    time.Time  `json:"since"` // when the desk asked

	desk    provision.Desk
	resumed bool // the person was sent to sign in for it already
	refusal refusal
}

// authorize takes a request in the query.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxFormBody {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: reasonRequest, detail: "the query cannot be read", protocol: provision.ProtocolOIDC})
		return
	}
	if a, ok := h.readAuthorization(w, r, authorization{Params: params, Since: h.now()}); ok {
		h.answerAuthorization(w, r, a)
	}
}

// authorizePost takes a request in a form. The browser brings no cookie of ours
// with a form from elsewhere, so that it goes on by a redirect to ourselves.
func (h *Handler) authorizePost(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: reasonRequest, detail: "the form cannot be read, or is too long", protocol: provision.ProtocolOIDC})
		return
	}
	a, ok := h.readAuthorization(w, r, authorization{Params: r.PostForm, Since: h.now()})
	if !ok {
		return
	}
	path, err := h.keepAuthorization(r, a)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// keepAuthorization keeps a request until its person is back, and returns the
// path that they come back to.
func (h *Handler) keepAuthorization(r *http.Request, a authorization) (string, error) {
	secret, err := h.core.IssueTicket(r.Context(), ticketAuthorize, "", a, pendingLife)
	return issuerPath + "/continue?" + url.Values{pendingQuery: {secret}}.Encode(), err
}

// authorizeContinue goes on with a request that was kept. What an admin has
// changed meanwhile counts.
func (h *Handler) authorizeContinue(w http.ResponseWriter, r *http.Request) {
	var a authorization
	err := h.core.PeekTicket(r.Context(), ticketAuthorize, "", r.URL.Query().Get(pendingQuery), &a)
	if isCode(err, provision.NotFound) {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: reasonPending, detail: "no sign-in to a desk is under way: start again from the desk", protocol: provision.ProtocolOIDC})
		return
	}
	if err != nil {
		h.broken(w, r, err)
		return
	}
	a.resumed = true
	if a, ok := h.readAuthorization(w, r, a); ok {
		h.answerAuthorization(w, r, a)
	}
}

// readAuthorization finds out which desk asks, and where it may be answered.
// It shows a page when there is no such place: nobody is sent to an address
// that is not configured, not even with an error.
func (h *Handler) readAuthorization(w http.ResponseWriter, r *http.Request, a authorization) (authorization, bool) {
	a.refusal.protocol = provision.ProtocolOIDC
	wrong := func(reason, detail string) (authorization, bool) {
		a.refusal.status, a.refusal.reason, a.refusal.detail = http.StatusBadRequest, reason, detail
		h.fail(w, r, a.refusal)
		return a, false
	}
	if len(a.Params["client_id"]) != 1 {
		return wrong(reasonClient, "the request does not say once which client it comes from")
	}
	desk, err := h.core.DeskByClientID(r.Context(), a.Params.Get("client_id"))
	if isCode(err, provision.NotFound) {
		return wrong(reasonClient, "no desk has this client_id; `deskbridge desk app` shows what to enter there")
	}
	if err != nil {
		h.broken(w, r, err)
		return a, false
	}
	a.desk, a.refusal.desk = desk, desk.ID
	redirect := a.Params["redirect_uri"]
	// fosite would let any port of loopback pass (RFC 8252 §7.3), which is for
	// apps on somebody's own machine.
	if len(redirect) != 1 || !slices.Contains(desk.SignIn.OIDC.RedirectURIs, redirect[0]) {
		return wrong(reasonRedirect, "the request does not name exactly one of the redirect_uris that are configured for the desk")
	}
	a.Redirect = redirect[0]
	if len(a.Params.Encode()) > maxParams {
		return wrong(reasonRequest, "the request is longer than 8 kB")
	}
	for _, values := range a.Params {
		if len(values) > 1 {
			h.sendError(w, r, a, fosite.ErrInvalidRequest.WithHint("A parameter was sent twice."))
			return a, false
		}
	}
	return a, true
}

// answerAuthorization answers a request, once its person is signed in.
func (h *Handler) answerAuthorization(w http.ResponseWriter, r *http.Request, a authorization) {
	e := &exchange{handler: h}
	if bad := a.unsupported(); bad != nil {
		h.sendError(w, r, a, bad)
		return
	}
	request, err := h.provider(e).NewAuthorizeRequest(r.Context(), a.request(r))
	if err != nil {
		h.sendFositeError(w, r, a, e, err)
		return
	}
	session, person, conn, ok := h.door.Current(r)
	if ok {
		a.refusal.connection, a.refusal.person = conn.ID, person.ID
	}
	needs, bad := a.needsSignIn(session, ok)
	switch prompt := strings.Fields(a.Params.Get("prompt")); {
	case bad != nil:
		h.sendError(w, r, a, bad)
	case !needs:
		h.admit(w, r, a, e, request, session, person)
	case slices.Contains(prompt, "none"): // desks ask this every few minutes: it is no refusal
		h.sendBack(w, r, a, problemOf(fosite.ErrLoginRequired))
	case ok && a.resumed:
		h.sendError(w, r, a, fosite.ErrLoginRequired.WithHint("A new sign-in was asked for, and none took place."))
	default:
		path, err := h.keepAuthorization(r, a)
		if err != nil {
			h.broken(w, r, err)
			return
		}
		h.door.SignIn(w, r, path)
	}
}

// unsupported returns what a asks for that nobody has here.
func (a authorization) unsupported() *fosite.RFC6749Error {
	switch {
	case a.Params.Get("request") != "":
		return fosite.ErrRequestNotSupported
	case a.Params.Get("request_uri") != "":
		return fosite.ErrRequestURINotSupported
	case !slices.Contains(strings.Fields(a.Params.Get("scope")), scopeOpenID):
		return fosite.ErrInvalidScope.WithHint("Ask for the scope openid.")
	}
	return nil
}

// request returns a as fosite reads it.
func (a authorization) request(r *http.Request) *http.Request {
	form := make(url.Values, len(a.Params))
	for name, values := range a.Params {
		form[name] = values
	}
	wanted := strings.Fields(form.Get("scope"))
	form.Set("scope", strings.Join(slices.DeleteFunc(wanted, func(s string) bool { return !slices.Contains(scopes, s) }), " "))
	form.Del("audience") // tokens of ours are for userinfo alone
	if form.Get("state") == "" {
		form.Set("state", noState)
	}
	request := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: r.URL.Path}, Header: http.Header{}, Form: form}
	return request.WithContext(r.Context())
}

// needsSignIn reports whether the person has to sign in first, again if they
// are signed in (OpenID Connect Core §3.1.2.1).
func (a authorization) needsSignIn(session provision.Session, signedIn bool) (bool, *fosite.RFC6749Error) {
	prompt := strings.Fields(a.Params.Get("prompt"))
	if slices.Contains(prompt, "none") && len(prompt) > 1 {
		return false, fosite.ErrInvalidRequest.WithHint("The prompt none goes with no other.")
	}
	newest := time.Time{} // what the sign-in must not be before
	if slices.Contains(prompt, "login") || slices.Contains(prompt, "select_account") {
		newest = a.Since
	}
	if text := a.Params.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return false, fosite.ErrInvalidRequest.WithHint("max_age is no number of seconds.")
		}
		if at := a.Since.Add(-time.Duration(seconds) * time.Second); at.After(newest) {
			newest = at
		}
	}
	return !signedIn || session.CreatedAt.Before(newest), nil
}

// admit lets somebody in, if fosite and the core do.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, a authorization, e *exchange, request fosite.AuthorizeRequester, session provision.Session, person provision.Identity) {
	ctx := r.Context()
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	claims := openid.NewDefaultSession()
	claims.Subject = string(person.ID)
	claims.Claims.Subject, claims.Claims.AuthTime, claims.Claims.RequestedAt = string(person.ID), session.CreatedAt, a.Since
	if _, err := h.provider(e).NewAuthorizeResponse(ctx, request, claims); err != nil {
		h.sendFositeError(w, r, a, e, err)
		return
	}
	app, _, err := h.core.EnterApp(ctx, h.cause(r, provision.ProtocolOIDC), a.desk, session, provision.ProtocolOIDC, nil)
	if err != nil {
		h.refuse(w, r, a.refusal, err)
		return
	}
	g := grant{App: app.ID, Client: a.desk.SignIn.OIDC.ClientID, Scopes: request.GetGrantedScopes(), Form: url.Values{},
		Subject: string(person.ID), AuthTime: session.CreatedAt, RequestedAt: a.Since, CodeExpires: time.Now().Add(codeLife)}
	for _, name := range keptParameters {
		if a.Params.Has(name) {
			g.Form.Set(name, a.Params.Get(name))
		}
	}
	if err := h.core.KeepTicket(ctx, ticketCode, "", e.code, g, codeLife); err != nil {
		h.broken(w, r, err)
		return
	}
	h.sendBack(w, r, a, url.Values{"code": {e.code}})
}

// sendBack sends the browser back to the desk, to the configured address with
// parameters added to it.
func (h *Handler) sendBack(w http.ResponseWriter, r *http.Request, a authorization, answer url.Values) {
	to, err := url.Parse(a.Redirect)
	if err != nil {
		h.broken(w, r, err) // it was checked when it was configured
		return
	}
	answer.Set("iss", h.issuer()) // RFC 9207
	if state := a.Params.Get("state"); state != "" {
		answer.Set("state", state)
	}
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += answer.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// sendError sends the browser back to the desk with an error.
func (h *Handler) sendError(w http.ResponseWriter, r *http.Request, a authorization, problem *fosite.RFC6749Error) {
	a.refusal.reason, a.refusal.detail = problem.ErrorField, problem.HintField
	h.record(r, a.refusal)
	h.sendBack(w, r, a, problemOf(problem))
}

func problemOf(e *fosite.RFC6749Error) url.Values {
	return url.Values{"error": {e.ErrorField}, "error_description": {e.GetDescription()}}
}

// sendFositeError tells what fosite found wrong; what went wrong on our side is
// shown as such.
func (h *Handler) sendFositeError(w http.ResponseWriter, r *http.Request, a authorization, e *exchange, err error) {
	if e.err != nil {
		h.broken(w, r, e.err)
		return
	}
	h.sendError(w, r, a, fosite.ErrorToRFC6749Error(err))
}

// readForm reads a posted form of a bearable size.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBody)
	return r.ParseForm()
}
