package deskidp

import (
	"net/http"

	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/provision"
)

// answerSAML answers a request of a desk, once its person is signed in.
// resumed says that they were sent to sign in for it already.
func (h *Handler) answerSAML(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pendingSAML, resumed bool) {
	session, person, conn, ok := h.door.Current(r)
	fresh := ok && (!p.Fresh || !session.CreatedAt.Before(p.Since))
	f := refusal{desk: desk.ID, protocol: provision.ProtocolSAML}
	if ok {
		f.connection, f.person = conn.ID, person.ID
	}
	switch {
	case fresh:
		h.admitSAML(w, r, desk, p, session, visitor{person: person, connection: conn, desk: desk}, f)
	case p.Passive: // the desk only asked whether somebody is there: it is no refusal
		h.sendStatus(w, r, desk, p, crewjam.StatusNoPassive)
	case ok && resumed:
		f.status, f.reason, f.detail = http.StatusForbidden, reasonLogin, "the desk demands a new sign-in, and none took place"
		h.fail(w, r, f)
	default:
		path, err := h.keepSAML(r, desk, p)
		if err != nil {
			h.broken(w, r, err)
			return
		}
		h.door.SignIn(w, r, path)
	}
}

// admitSAML lets somebody in, if the core does.
func (h *Handler) admitSAML(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pendingSAML, session provision.Session, v visitor, f refusal) {
	ctx := r.Context()
	if name := h.toldTo(desk).nameID; v.value(name) == "" {
		f.status, f.reason, f.detail = http.StatusForbidden, reasonNoName, "the person lacks what this desk knows people by: "+string(name)
		h.fail(w, r, f)
		return
	}
	detail := map[string]any{"asked_by_desk": p.ID != ""}
	app, entry, err := h.core.EnterApp(ctx, h.cause(r, provision.ProtocolSAML), desk, session, provision.ProtocolSAML, detail)
	if err != nil {
		h.refuse(w, r, f, err)
		return
	}
	v.entry = entry
	keys, err := h.signingKeys(ctx)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	message := h.message(desk, p, keys[0], r)
	maker := assertions{handler: h, visitor: v, session: session, app: app.ID}
	if err := maker.MakeAssertion(message, nil); err != nil {
		h.broken(w, r, err)
		return
	}
	respond := message.MakeResponse
	if sign := desk.SignIn.SAML.SignResponse; sign != nil && !*sign {
		respond = func() error { return unsignedResponse(message) }
	}
	if err := respond(); err != nil {
		h.broken(w, r, err)
		return
	}
	h.sendForm(w, r, message)
}

// sendStatus tells the desk that nobody was signed in, and why.
func (h *Handler) sendStatus(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pendingSAML, status string) {
	keys, err := h.signingKeys(r.Context())
	if err != nil {
		h.broken(w, r, err)
		return
	}
	message := h.message(desk, p, keys[0], r)
	if err := failedResponse(message, status); err != nil {
		h.broken(w, r, err)
		return
	}
	h.sendForm(w, r, message)
}

// sendForm has the browser carry a message to the desk (SAML bindings §3.5).
func (h *Handler) sendForm(w http.ResponseWriter, r *http.Request, message *crewjam.IdpAuthnRequest) {
	form, err := message.PostBinding()
	if err != nil {
		h.broken(w, r, err)
		return
	}
	fields := map[string]string{"SAMLResponse": form.SAMLResponse}
	if form.RelayState != "" {
		fields["RelayState"] = form.RelayState
	}
	h.show(w, r, "post.html", map[string]any{"Action": form.URL, "Fields": fields})
}
