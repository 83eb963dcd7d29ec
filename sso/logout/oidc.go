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
	which, err := h.sessionsNamed(r, named)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	ended, err := h.core.Sessions.EndByMessage(r.Context(), conn.ID, h.site.Cause(r, provision.ProtocolOIDC), session.LogoutMessage{
		Key: "logout token " + logout.Issuer + " " + logout.JTI, Expires: logout.Expires, Issued: logout.Issued, Names: []provision.SessionFilter{named}}, which...)
	if web.IsCode(err, provision.Denied) {
		err = &oidc.Refusal{Reason: provision.RefusedReplay, Detail: "this logout token was used before"}
	}
	if err != nil {
		refuse(err)
		return
	}
	h.ended(r, conn, provision.ProtocolOIDC, ended)
	w.WriteHeader(http.StatusOK)
}

// sessionsNamed returns the sessions that a logout token names. When it names
// one that is not known, those of the same person count that began with an ID
// token without a sid: it may be any of them.
func (h *Handler) sessionsNamed(r *http.Request, named provision.SessionFilter) ([]provision.SessionFilter, error) {
	if named.Subject == "" || named.Index == "" {
		return []provision.SessionFilter{named}, nil
	}
	theirs := named
	theirs.Index = ""
	sessions, err := h.core.Sessions.Sessions(r.Context(), theirs, 0)
	if err != nil {
		return nil, err
	}
	of := func(sid string) (found []provision.SessionFilter) {
		for _, s := range sessions {
			if s.Index == sid {
				found = append(found, provision.SessionFilter{ID: s.ID})
			}
		}
		return found
	}
	if found := of(named.Index); len(found) > 0 {
		return found, nil
	}
	return of(""), nil
}

// ended counts the sessions that a logout message has ended. That there were
// none stands in the log: they are over already, or the message names them in
// other words than the sign-in did.
func (h *Handler) ended(r *http.Request, conn provision.Connection, p provision.Protocol, sessions []provision.Session) {
	h.site.Ended(provision.EndedByIdP, len(sessions))
	if len(sessions) == 0 {
		ctx := r.Context()
		h.site.Log.InfoContext(ctx, "a logout message of the identity provider ended no session", "request", h.site.Reference(ctx), "connection", conn.Name, "protocol", p)
	}
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
	which := provision.SessionFilter{Connection: conn.ID, Protocol: provision.ProtocolOIDC, Issuer: settings.Issuer, Index: query.Get("sid")}
	ended, err := h.core.Sessions.EndSessions(r.Context(), h.site.Cause(r, provision.ProtocolOIDC), which, provision.EndedByIdP)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.ended(r, conn, provision.ProtocolOIDC, ended)
	w.Header().Del("X-Frame-Options") // it is made to stand in the provider's frame
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(http.StatusOK)
}
