package oidc

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

const (
	// maxParams is how long a request may be, in bytes as in a URL, whatever is
	// in it.
	maxParams = 8 << 10
	// maxKept is how long what counts of it may be, but for the ID token of the
	// hint: the browser keeps it in a cookie until its person has signed in.
	maxKept = 2 << 10

	kindAuthorize session.OneTimeKind = "idp.authorize"
)

// counting are the parameters that anything is made of. The others are passed
// over (OpenID Connect Core §3.1.2.2), and not kept.
var counting = []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age",
	"code_challenge", "code_challenge_method", paramHint, "request", "request_uri", "registration"}

// paramHint is an ID token of ours, of whom the desk expects.
const paramHint = "id_token_hint"

var prompts = []string{"none", "login", "consent", "select_account"}

// authorization is one request at the authorization endpoint (OpenID Connect
// Core §3.1.2). Where it may be answered to is known: Redirect is one of the
// desk's.
type authorization struct {
	Params   url.Values `json:"params"`
	Expected string     `json:"expected,omitempty"` // subject of the hint, which is not kept itself
	Redirect string     `json:"-"`
	Since    time.Time  `json:"since"`          // when the desk asked
	Sent     bool       `json:"sent,omitempty"` // the person was sent to sign in for it

	desk    provision.Desk
	refusal site.Refusal
}

// authorize takes a request in the query.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > site.MaxForm {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonRequest, Detail: "the query cannot be read", Protocol: provision.ProtocolOIDC})
		return
	}
	if a, ok := h.readAuthorization(w, r, authorization{Params: params, Since: h.Now()}); ok {
		h.answerAuthorization(w, r, a)
	}
}

// authorizePost takes a request in a form. The browser brings no cookie of ours
// with a form from elsewhere, so that it goes on by a redirect to ourselves.
func (h *Handler) authorizePost(w http.ResponseWriter, r *http.Request) {
	if err := site.ReadForm(w, r); err != nil {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonRequest, Detail: "the form cannot be read, or is too long", Protocol: provision.ProtocolOIDC})
		return
	}
	a, ok := h.readAuthorization(w, r, authorization{Params: r.PostForm, Since: h.Now()})
	if !ok {
		return
	}
	path, err := h.keepAuthorization(w, r, a)
	if err != nil {
		h.sendError(w, r, a, err)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// keepAuthorization has the browser keep a request until its person is back, and
// returns the path that they come back to. A hint that is no ID token of ours is
// a problem.
func (h *Handler) keepAuthorization(w http.ResponseWriter, r *http.Request, a authorization) (path string, err error) {
	if a.Expected, err = h.expected(r.Context(), a); err != nil {
		return "", err
	}
	a.Params = maps.Clone(a.Params)
	a.Params.Del(paramHint)
	id := provision.NewSecret()
	err = h.Jar.Keep(w, r, kindAuthorize, "", id, a, site.PendingLife)
	return issuerPath + "/continue?" + url.Values{site.PendingQuery: {id}}.Encode(), err
}

// authorizeContinue goes on with a request that was kept. What an admin has
// changed meanwhile counts.
func (h *Handler) authorizeContinue(w http.ResponseWriter, r *http.Request) {
	var a authorization
	err := h.Jar.Read(r, kindAuthorize, "", r.URL.Query().Get(site.PendingQuery), &a)
	if site.IsCode(err, provision.NotFound) {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonPending, Detail: "no sign-in to a desk is under way: start again from the desk", Protocol: provision.ProtocolOIDC})
		return
	}
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	if a, ok := h.readAuthorization(w, r, a); ok {
		h.answerAuthorization(w, r, a)
	}
}

// readAuthorization finds out which desk asks, and where it may be answered.
// It shows a page when there is no such place: nobody is sent to an address
// that is not configured, not even with an error.
func (h *Handler) readAuthorization(w http.ResponseWriter, r *http.Request, a authorization) (authorization, bool) {
	a.refusal.Protocol = provision.ProtocolOIDC
	wrong := func(reason, detail string) (authorization, bool) {
		a.refusal.Status, a.refusal.Reason, a.refusal.Detail = http.StatusBadRequest, reason, detail
		h.Fail(w, r, a.refusal)
		return a, false
	}
	if len(a.Params["client_id"]) != 1 {
		return wrong(site.ReasonClient, "the request does not say once which client it comes from")
	}
	desk, err := h.Core.Settings.DeskByClientID(r.Context(), a.Params.Get("client_id"))
	if site.IsCode(err, provision.NotFound) {
		return wrong(site.ReasonClient, "no desk has this client_id; `deskbridge desk app` shows what to enter there")
	}
	if err != nil {
		h.Broken(w, r, err)
		return a, false
	}
	a.desk, a.refusal.Desk = desk, desk.ID
	redirect := a.Params["redirect_uri"]
	// Byte for byte: any port of loopback (RFC 8252 §7.3) is for apps on
	// somebody's own machine.
	if len(redirect) != 1 || !slices.Contains(desk.SignIn.OIDC.RedirectURIs, redirect[0]) {
		return wrong(site.ReasonRedirect, "the request does not name exactly one of the redirect_uris that are configured for the desk")
	}
	a.Redirect = redirect[0]
	if len(a.Params.Encode()) > maxParams {
		return wrong(site.ReasonRequest, "the request is longer than 8 kB")
	}
	for _, values := range a.Params {
		if len(values) > 1 {
			h.sendError(w, r, a, newProblem(invalidRequest, "A parameter was sent twice."))
			return a, false
		}
	}
	maps.DeleteFunc(a.Params, func(name string, _ []string) bool { return !slices.Contains(counting, name) })
	if len(a.Params.Encode())-len(url.QueryEscape(a.Params.Get(paramHint))) > maxKept {
		return wrong(site.ReasonRequest, "what counts of the request is longer than 2 kB")
	}
	return a, true
}

// answerAuthorization answers a request, once its person is signed in.
func (h *Handler) answerAuthorization(w http.ResponseWriter, r *http.Request, a authorization) {
	if err := a.check(); err != nil {
		h.sendError(w, r, a, err)
		return
	}
	session, person, conn, ok := h.Portal.Current(r)
	if ok {
		a.refusal.Connection, a.refusal.Person = conn.ID, person.ID
	}
	demand, err := a.demand()
	switch idle := ok && person.Terms.Idle.On(string(a.desk.ID)) != nil; {
	case err != nil:
		h.sendError(w, r, a, err)
	case idle && a.asks("none"):
		h.sendBack(w, r, a, (&problem{code: loginRequired}).query())
	case idle: // signing in gives the seat back
		h.signIn(w, r, a, demand)
	case ok && demand.Met(session, a.Since, a.Sent):
		h.admit(w, r, a, session, person)
	case a.asks("none"): // desks ask this every few minutes: it is no refusal
		h.sendBack(w, r, a, (&problem{code: loginRequired}).query())
	case ok && a.Sent:
		h.sendError(w, r, a, newProblem(loginRequired, "A new sign-in was asked for, and the identity provider gave none, or does not say when it took place."))
	default:
		a.Sent = true
		h.signIn(w, r, a, demand)
	}
}

// signIn keeps what the desk wants, and sends the browser to sign in.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, a authorization, demand session.Demand) {
	path, err := h.keepAuthorization(w, r, a)
	if err != nil {
		h.sendError(w, r, a, err)
		return
	}
	h.Portal.SignIn(w, r, path, a.desk.Name, demand)
}

// check reports what is wrong with a request, whoever sits at the browser
// (OpenID Connect Core §3.1.2.1 and §6, RFC 7636 §4.4.1): what it asks for that
// nobody has here, and what it says wrongly.
func (a authorization) check() error {
	prompt := strings.Fields(a.Params.Get("prompt"))
	switch {
	case a.Params.Get("request") != "":
		return newProblem(requestNotSupported, "")
	case a.Params.Get("request_uri") != "":
		return newProblem(requestURINotSupported, "")
	case a.Params.Get("registration") != "":
		return newProblem(registrationUnsupported, "")
	case !slices.Contains(strings.Fields(a.Params.Get("scope")), scopeOpenID):
		return newProblem(invalidScope, "Ask for the scope openid.")
	case a.Params.Get("response_type") != "code":
		return newProblem(unsupportedResponseType, "The only response_type is code.")
	case a.Params.Get("response_mode") != "" && a.Params.Get("response_mode") != "query":
		return newProblem(unsupportedResponseMode, "The only response_mode is query.")
	case slices.ContainsFunc(prompt, func(p string) bool { return !slices.Contains(prompts, p) }):
		return newProblem(invalidRequest, "There is no such prompt.")
	case slices.Contains(prompt, "none") && len(prompt) > 1:
		return newProblem(invalidRequest, "The prompt none goes with no other.")
	}
	return checkChallenge(a.Params, a.desk.SignIn.OIDC.Public)
}

// checkChallenge reports what is wrong with the PKCE of a request. A plain
// challenge proves nothing to whoever has seen the request.
func checkChallenge(params url.Values, public bool) error {
	method := params.Get("code_challenge_method")
	switch {
	case params.Get("code_challenge") == "" && public:
		return newProblem(invalidRequest, "This client must include a code_challenge when performing the authorize code flow, but it is missing.")
	case params.Get("code_challenge") == "" || method == "S256":
		return nil
	case method == "" || method == "plain":
		return newProblem(invalidRequest, "Clients must use code_challenge_method=S256, plain is not allowed.")
	}
	return newProblem(invalidRequest, "The code_challenge_method is not supported, use S256 instead.")
}

// asks reports whether the desk asks for a prompt.
func (a authorization) asks(prompt string) bool {
	return slices.Contains(strings.Fields(a.Params.Get("prompt")), prompt)
}

// scopes returns what the desk asks for and is understood, in its order.
func (a authorization) scopes() []string {
	return slices.DeleteFunc(strings.Fields(a.Params.Get("scope")), func(s string) bool { return !slices.Contains(scopes, s) })
}

// demand returns what the desk asks of the person's sign-in (OpenID Connect Core
// §3.1.2.1).
func (a authorization) demand() (session.Demand, error) {
	d := session.Demand{Anew: a.asks("login"), Choose: a.asks("select_account")}
	if text := a.Params.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return d, newProblem(invalidRequest, "max_age is no number of seconds.")
		}
		d.Anew, d.MaxAge = d.Anew || seconds == 0, time.Duration(seconds)*time.Second
	}
	return d, nil
}

// admit lets somebody in, if the core does, and if it is whom the desk expects.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, a authorization, session provision.Session, person provision.Identity) {
	ctx := r.Context()
	if err := h.checkHint(ctx, a, person); err != nil {
		h.sendError(w, r, a, err)
		return
	}
	deskSession, _, err := h.Core.DeskSessions.Enter(ctx, h.Cause(r, provision.ProtocolOIDC), a.desk, session, provision.ProtocolOIDC, nil)
	if err != nil {
		h.Refuse(w, r, a.refusal, err)
		return
	}
	code, err := h.issueCode(ctx, grant{
		DeskSession: deskSession.ID, Client: a.desk.SignIn.OIDC.ClientID, Redirect: a.Redirect, Challenge: a.Params.Get("code_challenge"), Nonce: a.Params.Get("nonce"),
		Scopes: a.scopes(), Subject: string(person.ID), AuthTime: session.AuthnAt,
	})
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	h.sendBack(w, r, a, url.Values{"code": {code}})
}

// checkHint reports whether somebody else is signed in than the desk expects
// (OpenID Connect Core §3.1.2.1).
func (h *Handler) checkHint(ctx context.Context, a authorization, person provision.Identity) error {
	subject, err := h.expected(ctx, a)
	if err == nil && subject != "" && subject != string(person.ID) {
		return newProblem(loginRequired, "Somebody else is signed in than the id_token_hint names.")
	}
	return err
}

// expected returns the subject that the desk expects; "" when it does not say.
func (h *Handler) expected(ctx context.Context, a authorization) (subject string, _ error) {
	token := a.Params.Get(paramHint)
	if token == "" {
		return a.Expected, nil
	}
	claims, err := h.readIDToken(ctx, token)
	if subject, _ = claims["sub"].(string); errors.Is(err, errHint) || err == nil && subject == "" {
		return "", newProblem(invalidRequest, "The id_token_hint is no ID token of ours.")
	}
	return subject, err
}

// sendBack sends the browser back to the desk, to the configured address with
// parameters added to it.
func (h *Handler) sendBack(w http.ResponseWriter, r *http.Request, a authorization, answer url.Values) {
	to, err := url.Parse(a.Redirect)
	if err != nil {
		h.Broken(w, r, err) // it was checked when it was configured
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

// sendError sends the browser back to the desk with a problem; what went wrong
// on our side is shown as such.
func (h *Handler) sendError(w http.ResponseWriter, r *http.Request, a authorization, err error) {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		h.Broken(w, r, err)
		return
	}
	a.refusal.Reason, a.refusal.Detail = p.code, p.hint
	h.Record(r, a.refusal)
	h.sendBack(w, r, a, p.query())
}
