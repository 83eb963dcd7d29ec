package sso

import (
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

const ticketLogout provision.TicketKind = "saml logout"

// enter lets somebody in whom a protocol has verified: the core says who they
// are, they get a session, and go on to where they were heading.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, conn provision.Connection, e provision.Entrance, to string) {
	e.Session.Agent, e.Old = agentOf(r), h.site.SessionSecret(r)
	e.Proof.Address = h.site.ClientAddress(r).String()
	protocol := e.Login.Protocol
	h.clients.NoteOverage(r, conn, e.Login)
	in, session, secret, err := h.core.Enter(r.Context(), conn.ID, h.site.Cause(r, protocol), e)
	if err != nil {
		h.site.RefuseError(w, r, conn, protocol, err)
		return
	}
	h.site.SignedIn(conn, protocol, in.Created)
	h.site.Log.InfoContext(r.Context(), "signed in", "request", h.site.Reference(r.Context()), "connection", conn.Name, "protocol", protocol,
		"identity", in.Person.ID, "session", session.ID, "created", in.Created)
	h.site.SetSession(w, secret, session.EndsAt.Sub(h.site.Now()))
	h.sendOn(w, r, to)
}

// Current returns who is signed in in this browser; false when nobody is.
func (h *Handler) Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, bool) {
	session, person, conn, err := h.site.Current(r)
	return session, person, conn, err == nil
}

// SignIn sends the browser to sign in, again if somebody is signed in, and then
// back to our own path to.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request, to string) { h.site.SignIn(w, r, to) }

// Fail refuses a request with a page and a reference that the log has too.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, status int, reason, detail string) {
	h.site.Refuse(w, r, web.Refusal{Status: status, Reason: reason, Detail: detail})
}

// agentOf is what a browser calls itself.
func agentOf(r *http.Request) string {
	agent := []rune(r.UserAgent())
	return string(agent[:min(len(agent), 200)])
}

// session tells programs who is signed in.
func (h *Handler) session(w http.ResponseWriter, r *http.Request) {
	session, person, conn, err := h.site.Current(r)
	if err != nil {
		if !web.IsCode(err, provision.Denied) {
			h.site.Broken(w, r, err)
			return
		}
		web.JSON(w, http.StatusUnauthorized, map[string]any{"error": "not signed in", "login_url": h.site.PublicURL + "/sso/login"})
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{
		"user": map[string]any{"id": person.ID, "email": person.Profile.Email, "name": nameOf(person), "user_name": person.UserName, "connection": conn.Name},
		"session": map[string]any{"id": session.ID, "protocol": session.Protocol, "created_at": session.CreatedAt,
			"ends_at": session.EndsAt},
	})
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
	session, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, web.Home)
		return
	}
	form, err := web.ReadForm(w, r, web.MaxForm)
	if err != nil {
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Reason: "form", Detail: err.Error()})
		return
	}
	which := provision.SessionFilter{Identity: person.ID}
	if id := form.Get("session"); id != "all" {
		which.ID = provision.SessionID(id)
		if id == "" {
			which.ID = session.ID
		}
	}
	ended, err := h.core.EndSessions(r.Context(), h.site.Cause(r, ""), which, provision.EndedByPerson)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.site.Ended(provision.EndedByPerson, len(ended))
	http.Redirect(w, r, web.Home, http.StatusSeeOther)
}

func (h *Handler) askLogout(w http.ResponseWriter, r *http.Request) {
	h.site.Show(w, r, http.StatusOK, "logout.html", map[string]any{})
}

func (h *Handler) signedOut(w http.ResponseWriter, r *http.Request) {
	h.site.Show(w, r, http.StatusOK, "logout.html", map[string]any{"Done": true})
}

// logout ends this browser's session, here and, where that can be done, at the
// identity provider.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	session, _, conn, err := h.site.Current(r)
	h.site.ClearSession(w)
	if err != nil {
		http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
		return
	}
	ended, err := h.core.EndSessions(r.Context(), h.site.Cause(r, session.Protocol), provision.SessionFilter{ID: session.ID}, provision.EndedBySignOut)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.site.Ended(provision.EndedBySignOut, len(ended))
	switch session.Protocol {
	case provision.ProtocolOIDC:
		if rp, _, err := h.clients.OIDC(r.Context(), conn); err == nil {
			if to, ok := rp.EndSessionURL(session.Hint, h.site.PublicURL+"/sso/signed-out", ""); ok {
				http.Redirect(w, r, to, http.StatusSeeOther)
				return
			}
		}
	case provision.ProtocolSAML:
		if request, ok := h.logoutRequest(r, conn, session); ok {
			h.site.SendSAML(w, r, request)
			return
		}
	}
	http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
}

// logoutRequest returns the request that ends the session at a SAML identity
// provider, when it takes any.
func (h *Handler) logoutRequest(r *http.Request, conn provision.Connection, session provision.Session) (saml.Request, bool) {
	peer, err := h.clients.SAML(r.Context(), conn)
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
func (h *Handler) samlLoggedOut(w http.ResponseWriter, r *http.Request, conn provision.Connection, peer *client.SAML, in saml.Incoming) {
	var id string
	err := h.core.TakeTicket(r.Context(), ticketLogout, conn.ID, in.RelayState, &id)
	if web.IsCode(err, provision.NotFound) {
		err = &saml.Refusal{Reason: saml.ReasonInResponseTo, Detail: "no sign-out is under way that this answers"}
	}
	if err == nil {
		err = peer.LogoutAnswer(in, id)
	}
	if err != nil {
		h.site.RefuseError(w, r, conn, provision.ProtocolSAML, err)
		return
	}
	http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
}
