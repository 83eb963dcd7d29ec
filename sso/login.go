package sso

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// attemptLife is how long a sign-in at the identity provider may take, second
// factor and forgotten password included.
const attemptLife = 15 * time.Minute

// maxForm bounds forms of our own.
const maxForm = 16 << 10

// The tickets of signing in.
const (
	ticketSAML   provision.TicketKind = "saml sign-in"
	ticketAnswer provision.TicketKind = "saml answer"
	ticketOIDC   provision.TicketKind = "oidc sign-in"
	ticketTrial  provision.TicketKind = "trial"
)

// attempt is a sign-in that waits for the identity provider's answer.
type attempt struct {
	Browser  string    `json:"browser"` // fingerprint of the browser's cookie
	ReturnTo string    `json:"return_to"`
	Trial    bool      `json:"trial,omitempty"` // an admin tries the connection: nobody is signed in
	At       time.Time `json:"at"`

	RequestID string    `json:"request_id,omitempty"` // SAML
	Issued    time.Time `json:"issued,omitzero"`      // SAML
	Nonce     string    `json:"nonce,omitempty"`      // OIDC
	Verifier  string    `json:"verifier,omitempty"`   // OIDC
}

// ask shows the form for the address, or goes on where somebody is signed in.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request) {
	to := localPath(r.URL.Query().Get("return_to"))
	if email := r.URL.Query().Get("email"); email != "" {
		h.routeEmail(w, r, email, to)
		return
	}
	if _, _, _, err := h.current(r); err == nil {
		h.sendOn(w, r, to)
		return
	}
	h.show(w, r, http.StatusOK, "ask.html", map[string]any{"ReturnTo": to})
}

func (h *Handler) route(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r, maxForm)
	if err != nil {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: "form", detail: err.Error()})
		return
	}
	h.routeEmail(w, r, form.Get("email"), localPath(form.Get("return_to")))
}

// routeEmail sends somebody to where people with such an address sign in.
// Whether there is a person with it, nobody learns here.
func (h *Handler) routeEmail(w http.ResponseWriter, r *http.Request, email, to string) {
	conn, err := h.core.ConnectionOfEmail(r.Context(), email)
	if isCode(err, provision.NotFound) {
		h.show(w, r, http.StatusNotFound, "ask.html", map[string]any{"ReturnTo": to, "Unknown": true})
		return
	}
	if err != nil {
		h.broken(w, r, err)
		return
	}
	h.start(w, r, conn, "", attempt{ReturnTo: to}, email)
}

// begin starts a sign-in at one connection.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) {
	conn, ok := h.connection(w, r)
	if !ok {
		return
	}
	query := r.URL.Query()
	a := attempt{ReturnTo: localPath(query.Get("return_to"))}
	if secret := query.Get("trial"); secret != "" {
		var yes bool
		if err := h.core.TakeTicket(r.Context(), ticketTrial, conn.ID, secret, &yes); err != nil {
			h.refuse(w, r, conn, "", err)
			return
		}
		a.Trial = yes
	}
	h.start(w, r, conn, provision.Protocol(query.Get("via")), a, "")
}

// connection returns the connection in the path, or answers that there is none.
func (h *Handler) connection(w http.ResponseWriter, r *http.Request) (provision.Connection, bool) {
	conn, err := h.core.Connection(r.Context(), r.PathValue("connection"))
	if err == nil && conn.Name != r.PathValue("connection") { // by id: URLs go by the name
		err = &provision.Error{Code: provision.NotFound}
	}
	switch {
	case isCode(err, provision.NotFound):
		h.fail(w, r, refusal{status: http.StatusNotFound, reason: "connection", detail: "there is no such connection"})
	case err != nil:
		h.broken(w, r, err)
	case conn.SignIn.Disabled:
		h.switchedOff(w, r, conn)
	default:
		return conn, true
	}
	return conn, false
}

func (h *Handler) switchedOff(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	h.fail(w, r, refusal{status: http.StatusForbidden, connection: conn, reason: provision.RefusedDisabled, detail: "sign-in is switched off",
		person: "Signing in is switched off here at the moment. Your IT department knows why."})
}

// start sends the browser to the identity provider: by SAML where a connection
// has both and via does not say.
func (h *Handler) start(w http.ResponseWriter, r *http.Request, conn provision.Connection, via provision.Protocol, a attempt, hint string) {
	a.Browser, a.At = h.browser(w, r), h.now()
	if conn.SignIn.Disabled {
		h.switchedOff(w, r, conn)
		return
	}
	if h.crowded(w, r, conn, "login") {
		return
	}
	if via == "" {
		via = provision.ProtocolSAML
		if len(conn.SignIn.SAML) == 0 {
			via = provision.ProtocolOIDC
		}
	}
	var err error
	switch via {
	case provision.ProtocolSAML:
		err = h.startSAML(w, r, conn, a)
	case provision.ProtocolOIDC:
		err = h.startOIDC(w, r, conn, a, hint)
	default:
		h.fail(w, r, refusal{status: http.StatusBadRequest, connection: conn, reason: "protocol", detail: "via is saml or oidc"})
		return
	}
	if err != nil {
		h.notReady(w, r, conn, via, err)
	}
}

// notReady answers that a sign-in cannot begin: the settings or the identity
// provider are at fault, not the person.
func (h *Handler) notReady(w http.ResponseWriter, r *http.Request, conn provision.Connection, via provision.Protocol, err error) {
	var bySAML *saml.Refusal
	var byOIDC *oidc.Refusal
	var byFetch *fetch.Error
	if !errors.As(err, &bySAML) && !errors.As(err, &byOIDC) && !errors.As(err, &byFetch) && !isCode(err, provision.Denied) {
		h.refuse(w, r, conn, via, err)
		return
	}
	h.fail(w, r, refusal{status: http.StatusBadRequest, connection: conn, protocol: via, reason: "setup", detail: err.Error(),
		person: "Signing in is not set up here yet, or your organisation's sign-in page does not answer. Your IT department can see why; tell them the reference below."})
}

func (h *Handler) startSAML(w http.ResponseWriter, r *http.Request, conn provision.Connection, a attempt) error {
	peer, err := h.peers.SAML(r.Context(), conn)
	if err != nil {
		return err
	}
	secret := provision.NewSecret()
	request, err := peer.AuthnRequest(secret)
	if err != nil {
		return err
	}
	a.RequestID, a.Issued = request.ID, request.Issued
	if err := h.core.KeepTicket(r.Context(), ticketSAML, conn.ID, secret, a, attemptLife); err != nil {
		return err
	}
	h.send(w, r, request)
	return nil
}

// send has the browser carry a SAML message.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, m saml.Request) {
	if m.URL != "" {
		http.Redirect(w, r, m.URL, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Security-Policy", postPolicy)
	h.show(w, r, http.StatusOK, "post.html", m)
}

func (h *Handler) startOIDC(w http.ResponseWriter, r *http.Request, conn provision.Connection, a attempt, hint string) error {
	rp, _, err := h.peers.OIDC(r.Context(), conn)
	if err != nil {
		return err
	}
	secrets := oidc.NewAttempt()
	a.Nonce, a.Verifier = secrets.Nonce, secrets.Verifier
	if err := h.core.KeepTicket(r.Context(), ticketOIDC, conn.ID, secrets.State, a, attemptLife); err != nil {
		return err
	}
	http.Redirect(w, r, rp.AuthURL(secrets, hint), http.StatusSeeOther)
	return nil
}

// readForm reads a posted form of at most limit bytes; parameters of the query
// are not among them.
func readForm(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, error) {
	body := r.Body
	r.Body = http.MaxBytesReader(w, body, limit)
	if err := r.ParseForm(); err != nil {
		r.Body = body // for what refuses it
		return nil, errors.New("the form cannot be read, or is too large")
	}
	return r.PostForm, nil
}
