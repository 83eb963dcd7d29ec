package saml

import (
	"net/http"

	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// answer answers a request of a desk, once its person is signed in.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pending) {
	current, person, conn, ok := h.Portal.Current(r)
	demand := session.Demand{Anew: p.Fresh}
	f := site.Refusal{Desk: desk.ID, Protocol: provision.ProtocolSAML}
	if ok {
		f.Connection, f.Person = conn.ID, person.ID
	}
	switch idle := ok && person.Terms.Idle.On(string(desk.ID)) != nil; {
	case idle && p.Passive:
		h.sendStatus(w, r, desk, p, crewjam.StatusNoPassive)
	case idle: // signing in gives the seat back
		h.signIn(w, r, desk, p, demand)
	case ok && demand.Met(current, p.Since, p.Sent):
		h.admit(w, r, desk, p, current, site.Subject{Person: person, Connection: conn, Desk: desk}, f)
	case p.Passive: // the desk only asked whether somebody is there: it is no refusal
		h.sendStatus(w, r, desk, p, crewjam.StatusNoPassive)
	case ok && p.Sent && !current.CreatedAt.Before(p.Since): // signed in, but by no sign-in that is new
		f.Reason, f.Detail = site.ReasonLogin, "the desk demands a new sign-in, and the identity provider answered with one of before"
		h.Record(r, f)
		h.sendStatus(w, r, desk, p, crewjam.StatusAuthnFailed)
	case ok && p.Sent:
		f.Status, f.Reason, f.Detail = http.StatusForbidden, site.ReasonLogin, "the desk demands a new sign-in, and none took place"
		h.Fail(w, r, f)
	default:
		p.Sent = true
		h.signIn(w, r, desk, p, demand)
	}
}

// signIn keeps what the desk wants, and sends the browser to sign in.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pending, demand session.Demand) {
	path, err := h.keep(w, r, desk, p)
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	h.Portal.SignIn(w, r, path, desk.Name, demand)
}

// admit lets somebody in, if the core does.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pending, session provision.Session, v site.Subject, f site.Refusal) {
	ctx := r.Context()
	name := h.releaseTo(desk).nameID
	nameless := func() {
		f.Status, f.Reason, f.Detail = http.StatusForbidden, site.ReasonNoName, "the person lacks what this desk knows people by: "+string(name)
		h.Fail(w, r, f)
	}
	if name == protocol.FieldEmail && v.Person.Profile.Email == "" {
		nameless()
		return
	}
	detail := map[string]any{"asked_by_desk": p.ID != ""}
	deskSession, entry, err := h.Core.DeskSessions.Enter(ctx, h.Cause(r, provision.ProtocolSAML), desk, session, provision.ProtocolSAML, detail)
	if err != nil {
		h.Refuse(w, r, f, err)
		return
	}
	if v.Entry = entry; v.Value(name) == "" { // the desk shows none
		nameless()
		return
	}
	keys, err := h.SigningKeys(ctx)
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	message := h.message(desk, p, keys[0], r)
	maker := assertions{handler: h, subject: v, session: session, deskSession: deskSession.ID}
	if err := maker.MakeAssertion(message, nil); err != nil {
		h.Broken(w, r, err)
		return
	}
	respond := message.MakeResponse
	if sign := desk.SignIn.SAML.SignResponse; sign != nil && !*sign {
		respond = func() error { return unsignedResponse(message) }
	}
	if err := respond(); err != nil {
		h.Broken(w, r, err)
		return
	}
	h.sendForm(w, r, message)
}

// sendStatus tells the desk that nobody was signed in, and why.
func (h *Handler) sendStatus(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pending, status string) {
	keys, err := h.SigningKeys(r.Context())
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	message := h.message(desk, p, keys[0], r)
	if err := failedResponse(message, status); err != nil {
		h.Broken(w, r, err)
		return
	}
	h.sendForm(w, r, message)
}

// sendForm has the browser carry a message to the desk (SAML bindings §3.5).
func (h *Handler) sendForm(w http.ResponseWriter, r *http.Request, message *crewjam.IdpAuthnRequest) {
	form, err := message.PostBinding()
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	fields := map[string]string{"SAMLResponse": form.SAMLResponse}
	if form.RelayState != "" {
		fields["RelayState"] = form.RelayState
	}
	h.Show(w, r, "post.html", map[string]any{"Action": form.URL, "Fields": fields})
}
