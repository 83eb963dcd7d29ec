package deskidp

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml"
)

const (
	maxSAMLBody   = 1 << 20 // a request of the largest size that is read, as a form
	maxRelayState = 1024    // bytes; SAML bindings §3.4.3 says 80, and many send an address
	clockSkew     = 2 * time.Minute

	// pendingLife is how long somebody may take to sign in before they go on to
	// a desk.
	pendingLife  = 15 * time.Minute
	pendingQuery = "request"

	ticketSAML provision.TicketKind = "idp.saml"
)

// pendingSAML is a request of a desk that waits for its person.
type pendingSAML struct {
	Desk       provision.DeskID `json:"desk"`
	ID         string           `json:"id,omitempty"` // of the request; "": nobody asked
	RelayState string           `json:"relay_state,omitempty"`
	Fresh      bool             `json:"fresh,omitempty"`   // a sign-in of before is not good enough
	Passive    bool             `json:"passive,omitempty"` // the person must not be asked
	Since      time.Time        `json:"since"`
}

// samlURL returns an address of ours for a desk.
func (h *Handler) samlURL(desk, what string) string {
	return h.options.PublicURL + prefix + "/saml/" + desk + "/" + what
}

// samlDesk returns the desk that the path names. Otherwise it has answered.
func (h *Handler) samlDesk(w http.ResponseWriter, r *http.Request) (provision.Desk, bool) {
	name := r.PathValue("desk")
	desk, err := h.core.Desk(r.Context(), name)
	if err != nil && !isCode(err, provision.NotFound) {
		h.broken(w, r, err)
		return desk, false
	}
	if err != nil || desk.Name != name || desk.SignIn.SAML == nil { // its id would be another entity ID
		h.fail(w, r, refusal{status: http.StatusNotFound, reason: reasonDesk, detail: "there is no such desk, or nobody signs in there by SAML", protocol: provision.ProtocolSAML})
		return desk, false
	}
	return desk, true
}

// samlRedirect takes a request in a query (SAML bindings §3.4).
func (h *Handler) samlRedirect(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.samlDesk(w, r)
	if !ok {
		return
	}
	in, err := saml.IncomingQuery(r.URL.RawQuery)
	if err != nil {
		h.refuseSAML(w, r, desk, err)
		return
	}
	if p, ok := h.readSAML(w, r, desk, in); ok {
		h.answerSAML(w, r, desk, p, false)
	}
}

// samlPost takes a request in a form (SAML bindings §3.5). The browser brings
// no cookie of ours with a form from elsewhere, so that it goes on by a
// redirect to ourselves.
func (h *Handler) samlPost(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.samlDesk(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxSAMLBody)
	if err := r.ParseForm(); err != nil {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: reasonRequest, detail: "the form cannot be read, or is too long", desk: desk.ID, protocol: provision.ProtocolSAML})
		return
	}
	in, err := saml.IncomingForm(r.PostForm)
	if err != nil {
		h.refuseSAML(w, r, desk, err)
		return
	}
	p, ok := h.readSAML(w, r, desk, in)
	if !ok {
		return
	}
	path, err := h.keepSAML(r, desk, p)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// readSAML judges a request. It answers when there is something wrong.
func (h *Handler) readSAML(w http.ResponseWriter, r *http.Request, desk provision.Desk, in saml.Incoming) (pendingSAML, bool) {
	wrong := func(reason, detail string) (pendingSAML, bool) {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: reason, detail: detail, desk: desk.ID, protocol: provision.ProtocolSAML})
		return pendingSAML{}, false
	}
	certificates, err := desk.SignIn.SAML.Certificates()
	if err != nil {
		h.broken(w, r, err)
		return pendingSAML{}, false
	}
	now := h.now()
	request, err := saml.ReadSignInRequest(in, certificates, now, clockSkew)
	if err != nil {
		h.refuseSAML(w, r, desk, err)
		return pendingSAML{}, false
	}
	switch settings := desk.SignIn.SAML; {
	case request.Issuer != settings.EntityID:
		return wrong(reasonIssuer, "the request comes from another entity ID than the one that is configured for the desk")
	case request.Destination != "" && request.Destination != h.samlURL(desk.Name, "sso"):
		return wrong(reasonDestination, "the request is meant for another address; enter ours at the desk as `deskbridge desk app` shows it")
	case request.ACSURL != "" && request.ACSURL != settings.ACSURL:
		return wrong(reasonAddress, "the request wants its answer at an address that is not the configured acs_url")
	case request.Binding != "" && request.Binding != crewjam.HTTPPostBinding:
		return wrong(reasonAddress, "the request wants its answer by another binding than HTTP-POST")
	case len(in.RelayState) > maxRelayState:
		return wrong(reasonRelayState, "the RelayState is longer than 1024 bytes")
	}
	return pendingSAML{Desk: desk.ID, ID: request.ID, RelayState: in.RelayState, Fresh: request.ForceAuthn, Passive: request.IsPassive, Since: now}, true
}

// samlDetails say in our words why a request is refused, where package saml
// speaks of identity providers.
var samlDetails = map[saml.Reason]string{
	saml.ReasonUnsigned:  "the request is not signed, although the desk's certificate is configured",
	saml.ReasonSignature: "the configured certificate does not confirm the signature of the request",
	saml.ReasonExpired:   "the configured certificate of the desk has expired",
}

// refuseSAML answers a message that cannot be read.
func (h *Handler) refuseSAML(w http.ResponseWriter, r *http.Request, desk provision.Desk, err error) {
	bad, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		h.broken(w, r, err)
		return
	}
	detail := samlDetails[bad.Reason]
	if detail == "" {
		detail = bad.Detail
	}
	h.fail(w, r, refusal{status: http.StatusBadRequest, reason: "saml-" + string(bad.Reason), detail: detail, desk: desk.ID, protocol: provision.ProtocolSAML})
}

// keepSAML keeps a request until its person is back, and returns the path that
// they come back to.
func (h *Handler) keepSAML(r *http.Request, desk provision.Desk, p pendingSAML) (string, error) {
	secret, err := h.core.IssueTicket(r.Context(), ticketSAML, "", p, pendingLife)
	return prefix + "/saml/" + desk.Name + "/continue?" + url.Values{pendingQuery: {secret}}.Encode(), err
}

// samlContinue goes on with a request that was kept.
func (h *Handler) samlContinue(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.samlDesk(w, r)
	if !ok {
		return
	}
	var p pendingSAML
	// It stays until it has run out: reloading the page is no mistake.
	err := h.core.PeekTicket(r.Context(), ticketSAML, "", r.URL.Query().Get(pendingQuery), &p)
	if isCode(err, provision.NotFound) || err == nil && p.Desk != desk.ID {
		h.fail(w, r, refusal{status: http.StatusBadRequest, reason: reasonPending, detail: "no sign-in to this desk is under way: start again from the desk", desk: desk.ID, protocol: provision.ProtocolSAML})
		return
	}
	if err != nil {
		h.broken(w, r, err)
		return
	}
	h.answerSAML(w, r, desk, p, true)
}

// samlLaunch signs somebody in whom the desk has not asked about.
func (h *Handler) samlLaunch(w http.ResponseWriter, r *http.Request) {
	if desk, ok := h.samlDesk(w, r); ok {
		h.answerSAML(w, r, desk, pendingSAML{Desk: desk.ID, RelayState: desk.SignIn.SAML.RelayState, Since: h.now()}, false)
	}
}
