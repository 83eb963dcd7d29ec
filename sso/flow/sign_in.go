package flow

import (
	"net/http"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/sso/web"
)

// signIn lets somebody in whom a protocol has verified: the core says who they
// are, they get a session, and go on to where they were heading. begun is what
// the browser knows the sign-in by.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, conn provision.Connection, e signin.SignInRequest, begun string, start web.Start) {
	e.Session.Agent, e.Old = agentOf(r), h.site.SessionSecret(r)
	e.AuthnContext.Address = h.site.ClientAddress(r).String()
	protocol := e.Login.Protocol
	line := requestlog.Of(r.Context())
	line.Did(requestlog.SignIn, string(protocol))
	h.clients.NoteGroupOverage(r, conn, e.Login)
	in, opened, secret, err := h.core.SignIn.SignIn(r.Context(), conn.ID, h.site.Cause(r, protocol), e)
	if err != nil {
		h.site.RefuseStarted(w, r, conn, protocol, start, err)
		return
	}
	line.Set("connection", conn.Name)
	line.About(string(conn.ID))
	line.Set("identity", string(in.Person.ID))
	if in.Created {
		line.Did(requestlog.SignIn, string(protocol)+", somebody new")
	}
	h.site.SignedIn(conn, protocol, in.Created)
	h.site.Log.InfoContext(r.Context(), "signed in", "request", h.site.Reference(r.Context()), "connection", conn.Name, "protocol", protocol,
		"identity", in.Person.ID, "session", opened.ID, "created", in.Created)
	if protocol == provision.ProtocolSAML { // with OpenID Connect it is gone since the first try
		h.jar.Drop(w, e.Attempt.ID)
	}
	h.site.SetSession(w, secret, opened.EndsAt.Sub(h.site.Now()))
	h.site.NoteDone(w, r, conn, begun)
	h.sendOn(w, r, start)
}

// sendOn has the browser go where it was heading: at once when the person can
// work there, by the provisioning page otherwise.
func (h *Handler) sendOn(w http.ResponseWriter, r *http.Request, start web.Start) {
	start.Demand = session.Demand{}
	http.Redirect(w, r, "/sso/waiting?"+start.Params().Encode(), http.StatusSeeOther)
}

// agentOf is what a browser calls itself.
func agentOf(r *http.Request) string {
	agent := []rune(r.UserAgent())
	return string(agent[:min(len(agent), 200)])
}
