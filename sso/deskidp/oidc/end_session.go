package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

const (
	kindSignOut      session.OneTimeKind = "idp.end"       // of a question that waits for a yes
	kindSignOutAsked session.OneTimeKind = "idp.end_asked" // of a request that came in a form
)

// signOut is a sign-out that a desk has asked for (OpenID Connect RP-Initiated
// Logout 1.0): while its browser comes back with our cookie, and while its person
// is asked whether they mean it.
type signOut struct {
	Session  provision.SessionID     `json:"session"`                // who is asked; "" before that
	Desk     provision.DeskSessionID `json:"desk_session,omitempty"` // sid of the ID token that the desk showed; "": it showed none
	Redirect string                  `json:"redirect,omitempty"`     // one of the desk's; "": none was asked for
	State    string                  `json:"state,omitempty"`
}

// endSession takes a request in the query.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request) {
	params := r.URL.Query()
	if id := params.Get(site.PendingQuery); id != "" {
		h.endSessionContinue(w, r, id)
		return
	}
	if e, ok := h.readSignOut(w, r, params); ok {
		h.answerSignOut(w, r, e)
	}
}

// endSessionPost takes a request in a form, and the person's answer to our own
// question. The browser brings no cookie of ours with a form from elsewhere, so
// that a request goes on by a redirect to ourselves.
func (h *Handler) endSessionPost(w http.ResponseWriter, r *http.Request) {
	if err := site.ReadForm(w, r); err != nil {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonRequest, Detail: "the form cannot be read, or is too long", Protocol: provision.ProtocolOIDC})
		return
	}
	if confirm := r.PostForm.Get("confirm"); confirm != "" {
		h.confirmEnd(w, r, confirm)
		return
	}
	e, ok := h.readSignOut(w, r, r.PostForm)
	if !ok {
		return
	}
	id := provision.NewSecret()
	if err := h.Jar.Keep(w, r, kindSignOutAsked, "", id, e, site.PendingLife); err != nil {
		h.Broken(w, r, err)
		return
	}
	http.Redirect(w, r, issuerPath+"/end-session?"+url.Values{site.PendingQuery: {id}}.Encode(), http.StatusSeeOther)
}

// endSessionContinue goes on with a request that came in a form.
func (h *Handler) endSessionContinue(w http.ResponseWriter, r *http.Request, id string) {
	var e signOut
	// It stays until it has run out: reloading the page is no mistake.
	err := h.Jar.Read(r, kindSignOutAsked, "", id, &e)
	if site.IsCode(err, provision.NotFound) {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonPending, Detail: "no sign-out is under way: sign out again at the desk", Protocol: provision.ProtocolOIDC})
		return
	}
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	h.answerSignOut(w, r, e)
}

// answerSignOut signs somebody out who comes from a desk. When the desk shows an
// ID token of that very session it may; otherwise the person is asked: anybody
// could have made them come here.
func (h *Handler) answerSignOut(w http.ResponseWriter, r *http.Request, e signOut) {
	session, _, _, signedIn := h.Portal.Current(r)
	if !signedIn {
		h.ended(w, r, e)
		return
	}
	e.Session = session.ID
	if e.Desk != "" {
		known, err := h.Core.DeskSessions.Session(r.Context(), e.Desk)
		if err == nil && known.Session == session.ID {
			h.end(w, r, e)
			return
		}
	}
	secret, err := h.Core.Sessions.IssueOneTime(r.Context(), kindSignOut, "", e, site.PendingLife)
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	h.Show(w, r, "sign_out.html", map[string]any{"Confirm": secret})
}

// readSignOut finds out of which session the desk speaks, and where the browser
// goes afterwards: only where the desk that asks is configured to have it.
func (h *Handler) readSignOut(w http.ResponseWriter, r *http.Request, params url.Values) (e signOut, ok bool) {
	f := site.Refusal{Status: http.StatusBadRequest, Protocol: provision.ProtocolOIDC}
	wrong := func(reason, detail string) (signOut, bool) {
		f.Reason, f.Detail = reason, detail
		h.Fail(w, r, f)
		return signOut{}, false
	}
	clientID := params.Get("client_id")
	if token := params.Get("id_token_hint"); token != "" {
		hint, err := h.readIDToken(r.Context(), token)
		if err != nil {
			return wrong(site.ReasonRequest, "the id_token_hint is no ID token of ours")
		}
		audience := audienceOf(hint)
		if clientID != "" && clientID != audience {
			return wrong(site.ReasonClient, "the id_token_hint was issued to another client than client_id")
		}
		clientID = audience
		sid, _ := hint["sid"].(string)
		e.Desk = provision.DeskSessionID(sid)
	}
	e.Redirect = params.Get("post_logout_redirect_uri")
	if e.Redirect == "" {
		return e, true
	}
	desk, err := h.Core.Settings.DeskByClientID(r.Context(), clientID)
	if err != nil && !site.IsCode(err, provision.NotFound) {
		h.Broken(w, r, err)
		return e, false
	}
	f.Desk = desk.ID
	if err != nil || !slices.Contains(desk.SignIn.OIDC.PostLogoutRedirectURIs, e.Redirect) {
		return wrong(site.ReasonRedirect, "the post_logout_redirect_uri is not one of those that are configured for the desk, or the request does not say which desk it is")
	}
	if e.State = params.Get("state"); len(e.State) > site.MaxState {
		return wrong(site.ReasonRequest, "the state is too long")
	}
	return e, true
}

func audienceOf(claims map[string]any) string {
	switch aud := claims["aud"].(type) {
	case string:
		return aud
	case []any:
		if len(aud) == 1 {
			id, _ := aud[0].(string)
			return id
		}
	}
	return ""
}

// confirmEnd ends the session of somebody who said yes. The ticket is good for
// the session that was asked about, and for no other: that keeps forms of
// others away.
func (h *Handler) confirmEnd(w http.ResponseWriter, r *http.Request, secret string) {
	var e signOut
	err := h.Core.Sessions.TakeOneTime(r.Context(), kindSignOut, "", secret, &e)
	if err != nil && !site.IsCode(err, provision.NotFound) {
		h.Broken(w, r, err)
		return
	}
	session, _, _, signedIn := h.Portal.Current(r)
	if err != nil || signedIn && session.ID != e.Session {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonPending, Detail: "the question was answered already, or too late: sign out again", Protocol: provision.ProtocolOIDC})
		return
	}
	h.end(w, r, e)
}

// end ends the session here. The keeper of package deskidp notifies the desks.
func (h *Handler) end(w http.ResponseWriter, r *http.Request, e signOut) {
	_, err := h.Core.Sessions.EndSessions(r.Context(), h.Cause(r, provision.ProtocolOIDC), provision.SessionFilter{ID: e.Session}, provision.EndedBySignOut)
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	h.ended(w, r, e)
}

// ended sends somebody on who is signed out.
func (h *Handler) ended(w http.ResponseWriter, r *http.Request, e signOut) {
	if e.Redirect == "" {
		h.Show(w, r, "sign_out.html", map[string]any{"Confirm": ""})
		return
	}
	to := e.Redirect
	if e.State != "" {
		u, err := url.Parse(to)
		if err != nil {
			h.Broken(w, r, err) // it was checked when it was configured
			return
		}
		query := u.Query()
		query.Set("state", e.State)
		u.RawQuery = query.Encode()
		to = u.String()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
