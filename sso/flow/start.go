package flow

import (
	"net/http"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/web"
)

// ask shows the form for the address, or goes on where somebody is signed in.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request) {
	start := h.site.StartOf(r.URL.Query())
	if email := r.URL.Query().Get("email"); email != "" {
		h.routeEmail(w, r, email, start)
		return
	}
	if _, _, _, err := h.site.Current(r); err == nil {
		if start.Demand != (session.Demand{}) {
			h.site.SignIn(w, r, start)
			return
		}
		h.sendOn(w, r, start)
		return
	}
	h.site.Show(w, r, http.StatusOK, "ask.html", map[string]any{"Start": start.Params()})
}

func (h *Handler) route(w http.ResponseWriter, r *http.Request) {
	form, err := web.ReadForm(w, r, web.MaxForm)
	if err != nil {
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Reason: "form", Detail: err.Error()})
		return
	}
	h.routeEmail(w, r, form.Get("email"), h.site.StartOf(form))
}

// routeEmail sends somebody to where people with such an address sign in.
// Whether there is a person with it, nobody learns here.
func (h *Handler) routeEmail(w http.ResponseWriter, r *http.Request, email string, start web.Start) {
	conn, err := h.core.Settings.ConnectionOfEmail(r.Context(), email)
	if web.IsCode(err, provision.NotFound) {
		line := requestlog.Of(r.Context())
		line.Did(requestlog.SignIn, "")
		line.Set("refused", "domain")
		line.Set("reason", "no connection has the domain of the address that was entered")
		h.site.Show(w, r, http.StatusNotFound, "ask.html", map[string]any{"Start": start.Params(), "Unknown": true})
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	if conn.SignIn.Disabled {
		h.site.SwitchedOff(w, r, conn)
		return
	}
	if !h.site.Crowded(w, r, conn, kindLogin) {
		h.start(w, r, conn, "", pendingSignIn{Start: start}, email)
	}
}

// begin starts a sign-in at one connection.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	query := r.URL.Query()
	pending := pendingSignIn{Start: h.site.StartOf(query)}
	if start, ok := h.meant(r, conn); ok {
		pending.Start = start
	}
	if secret := query.Get("test"); secret != "" {
		var yes bool
		err := h.core.Sessions.TakeOneTime(r.Context(), tokenTest, conn.ID, secret, &yes)
		if web.IsCode(err, provision.NotFound) { // nobody has tried to sign in: no audit entry
			h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Connection: conn, Reason: "pending", Detail: "the address of a test sign-in was used before, or is too old"})
			return
		}
		if err != nil {
			h.site.RefuseError(w, r, conn, "", err)
			return
		}
		pending.Test = yes
	}
	if h.off(w, r, conn, pending) || query.Has(paramUnasked) && !h.afterUnasked(w, r, conn, &pending) {
		return
	}
	h.start(w, r, conn, provision.Protocol(query.Get("via")), pending, "")
}

// start sends the browser to the identity provider: by SAML where a connection
// has both and via does not say.
func (h *Handler) start(w http.ResponseWriter, r *http.Request, conn provision.Connection, via provision.Protocol, pending pendingSignIn, hint string) {
	pending.Browser, pending.At = h.site.BrowserFingerprint(w, r), h.site.Now()
	if via == "" {
		via = provision.ProtocolSAML
		if conn.SignIn.SAML == nil {
			via = provision.ProtocolOIDC
		}
	}
	var err error
	switch via {
	case provision.ProtocolSAML:
		err = h.startSAML(w, r, conn, pending)
	case provision.ProtocolOIDC:
		err = h.startOIDC(w, r, conn, pending, hint)
	default:
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Connection: conn, Reason: "protocol", Detail: "via is saml or oidc"})
		return
	}
	if err != nil {
		h.site.RefuseSetup(w, r, conn, via, err)
	}
}

func (h *Handler) startSAML(w http.ResponseWriter, r *http.Request, conn provision.Connection, pending pendingSignIn) error {
	idp, err := h.clients.SAML(r.Context(), conn)
	if err != nil {
		return err
	}
	relay, err := h.core.Sessions.SealTicket(ticketRelay, conn.ID, pending.Test, pendingLife)
	if err != nil {
		return err
	}
	ask := idp.AuthnRequest
	if pending.Demand != (session.Demand{}) { // SAML has no word for a max_age or another account
		ask = idp.FreshAuthnRequest
	}
	request, err := ask(relay)
	if err != nil {
		return err
	}
	pending.Issued = request.Issued
	if err := h.keep(w, r, ticketSAML, conn, relay, pending); err != nil {
		return err
	}
	h.site.NoteBegun(w, r, conn, relay, pending.Unasked, pending.Start)
	h.site.SendSAML(w, r, request)
	return nil
}

func (h *Handler) startOIDC(w http.ResponseWriter, r *http.Request, conn provision.Connection, pending pendingSignIn, hint string) error {
	rp, _, err := h.clients.OIDC(r.Context(), conn)
	if err != nil {
		return err
	}
	secrets := oidc.NewAttempt()
	pending.Nonce, pending.Verifier = secrets.Nonce, secrets.Verifier
	if err := h.keep(w, r, ticketOIDC, conn, secrets.State, pending); err != nil {
		return err
	}
	h.site.NoteBegun(w, r, conn, secrets.State, pending.Unasked, pending.Start)
	h.site.Redirect(w, r, rp.AuthURL(secrets, hint, asks(pending.Demand)...))
	return nil
}

// asks returns how an OpenID provider is asked for what a desk demands. With
// max_age it has to say when the person proved who they are.
func asks(d session.Demand) (asks []oidc.Ask) {
	switch {
	case d.Anew:
		return []oidc.Ask{{Name: "prompt", Value: "login"}, {Name: "max_age", Value: "0"}}
	case d.Choose:
		asks = append(asks, oidc.Ask{Name: "prompt", Value: "select_account"})
	}
	if d.MaxAge > 0 {
		asks = append(asks, oidc.Ask{Name: "max_age", Value: strconv.FormatInt(int64(d.MaxAge/time.Second), 10)})
	}
	return asks
}
