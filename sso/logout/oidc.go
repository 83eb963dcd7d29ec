package logout

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/web"
)

// maxLogoutToken bounds the form of a back-channel logout.
const maxLogoutToken = 64 << 10

// oidcBackChannel takes the provider's word that somebody has signed out
// (OpenID Connect Back-Channel Logout §2.5).
func (h *Handler) oidcBackChannel(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	refuse := func(err error) { h.site.RefuseError(w, r, conn, provision.ProtocolOIDC, err) }
	form, err := web.ReadForm(w, r, maxLogoutToken)
	if err != nil || len(form["logout_token"]) != 1 {
		refuse(&oidc.Refusal{Reason: oidc.ReasonMalformed, Detail: "the form needs one logout_token of at most 64 KB"})
		return
	}
	rp, _, err := h.clients.OIDC(r.Context(), conn)
	if err != nil {
		h.site.RefuseSetup(w, r, conn, provision.ProtocolOIDC, err)
		return
	}
	logout, err := rp.LogoutToken(r.Context(), form.Get("logout_token"))
	if err != nil {
		refuse(err)
		return
	}
	named := provision.SessionFilter{Connection: conn.ID, Protocol: provision.ProtocolOIDC, Issuer: logout.Issuer, Subject: logout.Subject, Index: logout.SID}
	ended, err := h.core.Sessions.EndByMessage(r.Context(), conn.ID, h.site.Cause(r, provision.ProtocolOIDC), session.LogoutMessage{
		Key: "logout token " + logout.Issuer + " " + logout.JTI, Expires: logout.Expires, Issued: logout.Issued, Names: []provision.SessionFilter{named}}, named)
	if web.IsCode(err, provision.Denied) {
		err = &oidc.Refusal{Reason: provision.RefusedReplay, Detail: "this logout token was used before"}
	}
	if err != nil {
		refuse(err)
		return
	}
	h.site.Ended(provision.EndedByIdP, len(ended))
	w.WriteHeader(http.StatusOK)
}

// oidcFrontChannel ends a session at the word of a page that the provider
// shows in a frame (OpenID Connect Front-Channel Logout §2). It proves nothing,
// so that it must name the session, which strangers do not know.
func (h *Handler) oidcFrontChannel(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	query := r.URL.Query()
	settings := conn.SignIn.OIDC
	if settings.Readable() != nil || len(query["iss"]) != 1 || len(query["sid"]) != 1 || query.Get("iss") != settings.Issuer || query.Get("sid") == "" {
		h.site.RefuseError(w, r, conn, provision.ProtocolOIDC, &oidc.Refusal{Reason: oidc.ReasonSession, Detail: "a front-channel logout needs this connection's iss, and a sid; switch on that the provider sends them"})
		return
	}
	if err := h.end(r, provision.SessionFilter{Connection: conn.ID, Protocol: provision.ProtocolOIDC, Issuer: settings.Issuer, Index: query.Get("sid")}, provision.ProtocolOIDC); err != nil {
		h.site.Broken(w, r, err)
		return
	}
	w.Header().Del("X-Frame-Options") // it is made to stand in the provider's frame
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) end(r *http.Request, which provision.SessionFilter, p provision.Protocol) error {
	ended, err := h.core.Sessions.EndSessions(r.Context(), h.site.Cause(r, p), which, provision.EndedByIdP)
	h.site.Ended(provision.EndedByIdP, len(ended))
	return err
}
