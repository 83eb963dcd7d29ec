package sso

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml"
)

const ticketLogout provision.TicketKind = "saml logout"

// enter lets somebody in whom a protocol has verified: the core says who they
// are, they get a session, and go on to where they were heading.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, conn provision.Connection, e provision.Entrance, to string) {
	e.Session.Agent, e.Old = agentOf(r), h.cookie(r, sessionCookie)
	e.Proof.Address = h.ClientAddress(r).String()
	protocol := e.Login.Protocol
	h.noteOverage(r, conn, e.Login)
	in, session, secret, err := h.core.Enter(r.Context(), conn.ID, h.cause(r, protocol), e)
	if err != nil {
		h.refuse(w, r, conn, protocol, err)
		return
	}
	h.metrics.signedIn(conn, protocol, in.Created)
	h.log.InfoContext(r.Context(), "signed in", "request", h.reference(r.Context()), "connection", conn.Name, "protocol", protocol,
		"identity", in.Person.ID, "session", session.ID, "created", in.Created)
	h.setCookie(w, sessionCookie, secret, session.EndsAt.Sub(h.now()))
	h.sendOn(w, r, to)
}

// current returns who is signed in in this browser.
func (h *Handler) current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, error) {
	return h.core.Session(r.Context(), h.cookie(r, sessionCookie))
}

// Current returns who is signed in in this browser; false when nobody is.
func (h *Handler) Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, bool) {
	session, person, conn, err := h.current(r)
	return session, person, conn, err == nil
}

// SignIn sends the browser to sign in, again if somebody is signed in, and then
// back to our own path to.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request, to string) {
	at := "/sso/login"
	if _, _, conn, err := h.current(r); err == nil {
		at = "/sso/" + conn.Name + "/login"
	}
	http.Redirect(w, r, at+"?return_to="+url.QueryEscape(localPath(to)), http.StatusSeeOther)
}

// Fail refuses a request with a page and a reference that the log has too.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, status int, reason, detail string) {
	h.fail(w, r, refusal{status: status, reason: reason, detail: detail})
}

// agentOf is what a browser calls itself.
func agentOf(r *http.Request) string {
	agent := []rune(r.UserAgent())
	return string(agent[:min(len(agent), 200)])
}

// session tells programs who is signed in.
func (h *Handler) session(w http.ResponseWriter, r *http.Request) {
	session, person, conn, err := h.current(r)
	if err != nil {
		if !isCode(err, provision.Denied) {
			h.broken(w, r, err)
			return
		}
		h.json(w, http.StatusUnauthorized, map[string]any{"error": "not signed in", "login_url": h.options.PublicURL + "/sso/login"})
		return
	}
	h.json(w, http.StatusOK, map[string]any{
		"user": map[string]any{"id": person.ID, "email": person.Profile.Email, "name": nameOf(person), "user_name": person.UserName, "connection": conn.Name},
		"session": map[string]any{"id": session.ID, "protocol": session.Protocol, "created_at": session.CreatedAt,
			"ends_at": session.EndsAt},
	})
}

func (h *Handler) json(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) //nolint:errcheck // the client may be gone
}

func nameOf(person provision.Identity) string {
	for _, name := range []string{person.Profile.DisplayName, person.Profile.GivenName + " " + person.Profile.FamilyName, person.UserName} {
		if len(name) > 1 {
			return name
		}
	}
	return person.UserName
}

// endOwn ends one of somebody's own sessions, or all.
func (h *Handler) endOwn(w http.ResponseWriter, r *http.Request) {
	session, person, _, err := h.current(r)
	if err != nil {
		h.SignIn(w, r, home)
		return
	}
	form, err := readForm(w, r, maxForm)
	if err != nil {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: "form", detail: err.Error()})
		return
	}
	which := provision.SessionFilter{Identity: person.ID}
	if id := form.Get("session"); id != "all" {
		which.ID = provision.SessionID(id)
		if id == "" {
			which.ID = session.ID
		}
	}
	ended, err := h.core.EndSessions(r.Context(), h.cause(r, ""), which, provision.EndedByPerson)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	h.metrics.ended(provision.EndedByPerson, len(ended))
	http.Redirect(w, r, home, http.StatusSeeOther)
}

func (h *Handler) askLogout(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK, "logout.html", map[string]any{})
}

func (h *Handler) signedOut(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK, "logout.html", map[string]any{"Done": true})
}

// logout ends this browser's session, here and, where that can be done, at the
// identity provider.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	session, _, conn, err := h.current(r)
	h.clearCookie(w, sessionCookie)
	if err != nil {
		http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
		return
	}
	ended, err := h.core.EndSessions(r.Context(), h.cause(r, session.Protocol), provision.SessionFilter{ID: session.ID}, provision.EndedBySignOut)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	h.metrics.ended(provision.EndedBySignOut, len(ended))
	switch session.Protocol {
	case provision.ProtocolOIDC:
		if rp, _, err := h.peers.OIDC(r.Context(), conn); err == nil {
			if to, ok := rp.EndSessionURL(session.Hint, h.options.PublicURL+"/sso/signed-out", ""); ok {
				http.Redirect(w, r, to, http.StatusSeeOther)
				return
			}
		}
	case provision.ProtocolSAML:
		if request, ok := h.logoutRequest(r, conn, session); ok {
			h.send(w, r, request)
			return
		}
	}
	http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
}

// logoutRequest returns the request that ends the session at a SAML identity
// provider, when it takes any.
func (h *Handler) logoutRequest(r *http.Request, conn provision.Connection, session provision.Session) (saml.Request, bool) {
	peer, err := h.peers.SAML(r.Context(), conn)
	if err != nil {
		return saml.Request{}, false
	}
	var id saml.NameID
	if json.Unmarshal([]byte(session.NameID), &id) != nil {
		return saml.Request{}, false
	}
	relay := provision.NewSecret()
	request, err := peer.SendLogoutRequest(id, session.Index, relay)
	if err != nil {
		return saml.Request{}, false
	}
	err = h.core.KeepTicket(r.Context(), ticketLogout, conn.ID, relay, request.ID, attemptLife)
	return request, err == nil
}

// samlLoggedOut takes the identity provider's answer to a logout of ours. The
// session here is over in any case.
func (h *Handler) samlLoggedOut(w http.ResponseWriter, r *http.Request, conn provision.Connection, peer *samlPeer, in saml.Incoming) {
	var id string
	err := h.core.TakeTicket(r.Context(), ticketLogout, conn.ID, in.RelayState, &id)
	if isCode(err, provision.NotFound) {
		err = &saml.Refusal{Reason: saml.ReasonInResponseTo, Detail: "no sign-out is under way that this answers"}
	}
	if err == nil {
		err = peer.LogoutAnswer(in, id)
	}
	if err != nil {
		h.refuse(w, r, conn, provision.ProtocolSAML, err)
		return
	}
	http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
}
