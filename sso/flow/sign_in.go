package flow

import (
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// signIn lets somebody in whom a protocol has verified: the core says who they
// are, they get a session, and go on to where they were heading.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, conn provision.Connection, e signin.SignInRequest, to string) {
	e.Session.Agent, e.Old = agentOf(r), h.site.SessionSecret(r)
	e.AuthnContext.Address = h.site.ClientAddress(r).String()
	protocol := e.Login.Protocol
	h.clients.NoteGroupOverage(r, conn, e.Login)
	in, session, secret, err := h.core.SignIn.SignIn(r.Context(), conn.ID, h.site.Cause(r, protocol), e)
	if err != nil {
		h.site.RefuseError(w, r, conn, protocol, err)
		return
	}
	h.site.SignedIn(conn, protocol, in.Created)
	h.site.Log.InfoContext(r.Context(), "signed in", "request", h.site.Reference(r.Context()), "connection", conn.Name, "protocol", protocol,
		"identity", in.Person.ID, "session", session.ID, "created", in.Created)
	if protocol == provision.ProtocolSAML { // with OpenID Connect it is gone since the first try
		h.jar.Drop(w, e.Attempt.ID)
	}
	h.site.SetSession(w, secret, session.EndsAt.Sub(h.site.Now()))
	h.sendOn(w, r, to)
}

// sendOn has the browser go where it was heading: at once when every account
// that the person should have is there, by the provisioning page otherwise.
func (h *Handler) sendOn(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, "/sso/waiting?return_to="+url.QueryEscape(to), http.StatusSeeOther)
}

// agentOf is what a browser calls itself.
func agentOf(r *http.Request) string {
	agent := []rune(r.UserAgent())
	return string(agent[:min(len(agent), 200)])
}
