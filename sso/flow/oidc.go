package flow

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/web"
)

// oidcCallback takes the answer of an OpenID provider.
func (h *Handler) oidcCallback(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	refuse := func(err error) { h.site.RefuseError(w, r, conn, provision.ProtocolOIDC, err) }
	query := r.URL.Query()
	if len(query["state"]) != 1 {
		refuse(&oidc.Refusal{Reason: oidc.ReasonState, Detail: "the answer needs one state"})
		return
	}
	state := query.Get("state")
	var pending pendingSignIn
	if err := h.jar.Read(r, ticketOIDC, conn.ID, state, &pending); err != nil {
		h.gone(w, r, conn, provision.ProtocolOIDC, web.BegunID(state), err)
		return
	}
	// Before anything is made of the answer: a state serves for one try.
	h.jar.Drop(w, state)
	if h.off(w, r, conn, pending) {
		return
	}
	if !h.site.SameBrowser(r, pending.Browser) {
		refuse(errOtherBrowser)
		return
	}
	refuse = func(err error) { h.refusePending(w, r, conn, provision.ProtocolOIDC, pending, err) }
	if !h.site.Confirmed(r) { // before a provider is shown the code and the client secret
		return
	}
	rp, settings, err := h.clients.OIDC(r.Context(), conn)
	if err != nil {
		refuse(err)
		return
	}
	token, err := rp.Callback(r.Context(), query, oidc.Attempt{State: state, Nonce: pending.Nonce, Verifier: pending.Verifier})
	if err != nil {
		refuse(err)
		return
	}
	e := signin.SignInRequest{Login: oidcLogin(conn, settings.Claims, token), Issued: token.Issued, Session: provision.Session{Index: token.SID, Hint: token.Raw, AuthnAt: token.AuthTime},
		AuthnContext: session.AuthnContext{Class: token.ACR, Methods: token.AMR, Message: token.JTI}, Attempt: pending.attempt(state),
		Grant: signin.RefreshToken{Text: token.Refresh, Client: settings.ClientID}}
	if pending.Test {
		h.showDryRun(w, r, conn, e)
		return
	}
	h.signIn(w, r, conn, e, web.BegunID(state), pending.Start)
}
