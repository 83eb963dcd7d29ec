// Package saml signs people in to desks by SAML 2.0, asked by the desk or not.
//
// Requests are read by package sso/saml, by the same gates as everything else
// that comes from outside; crewjam/saml makes and signs answers. An answer goes
// to the configured address, and never to one that a request names. Who may go
// in, the core says.
//
// The package knows neither how people sign in here, nor the database.
package saml

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
	"github.com/deskbridge/deskbridge/sso/saml"
)

const (
	maxSAMLBody = 1 << 20 // a request of the largest size that is read, as a form
	clockSkew   = 2 * time.Minute

	kindPending session.OneTimeKind = "idp.saml"
)

// pending is a request of a desk that waits for its person.
type pending struct {
	Desk       provision.DeskID `json:"desk"`
	ID         string           `json:"id,omitempty"` // of the request; "": nobody asked
	RelayState string           `json:"relay_state,omitempty"`
	Fresh      bool             `json:"fresh,omitempty"`   // a sign-in of before is not good enough
	Passive    bool             `json:"passive,omitempty"` // the person must not be asked
	Since      time.Time        `json:"since"`
	Sent       bool             `json:"sent,omitempty"` // the person was sent to sign in for it
}

// Handler is the SAML identity provider. It is safe for concurrent use.
type Handler struct {
	*site.Site
	kinds map[provision.DeskKind]protocol.DeskSAML // the attribute release that kinds of desks need
}

// New returns the SAML identity provider at s. kinds is the attribute release
// that a kind of desk needs: NameID and Attributes. A kind that is missing gets
// the usual one.
func New(s *site.Site, kinds map[provision.DeskKind]protocol.DeskSAML) *Handler {
	return &Handler{s, kinds}
}

// Routes adds what is served to mux.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+site.Prefix+"/saml/{desk}/metadata", h.metadata)
	mux.HandleFunc("GET "+site.Prefix+"/saml/{desk}/sso", h.redirect)
	mux.HandleFunc("POST "+site.Prefix+"/saml/{desk}/sso", h.post)
	mux.HandleFunc("GET "+site.Prefix+"/saml/{desk}/continue", h.resume)
	mux.HandleFunc("GET "+site.Prefix+"/saml/{desk}/launch", h.launch)
}

// LaunchURL returns where somebody who is signed in here is signed in to a desk.
func (h *Handler) LaunchURL(desk provision.Desk) string { return h.url(desk.Name, "launch") }

// url returns an address of ours for a desk.
func (h *Handler) url(desk, what string) string {
	return h.PublicURL + site.Prefix + "/saml/" + desk + "/" + what
}

// desk returns the desk that the path names. Otherwise it has answered.
func (h *Handler) desk(w http.ResponseWriter, r *http.Request) (provision.Desk, bool) {
	name := r.PathValue("desk")
	desk, err := h.Core.Settings.Desk(r.Context(), name)
	if err != nil && !site.IsCode(err, provision.NotFound) {
		h.Broken(w, r, err)
		return desk, false
	}
	if err != nil || desk.Name != name || desk.SignIn.SAML == nil { // its id would be another entity ID
		h.Fail(w, r, site.Refusal{Status: http.StatusNotFound, Reason: site.ReasonDesk, Detail: "there is no such desk, or nobody signs in there by SAML", Protocol: provision.ProtocolSAML})
		return desk, false
	}
	return desk, true
}

// redirect takes a request in a query (SAML bindings §3.4).
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.desk(w, r)
	if !ok {
		return
	}
	in, err := saml.IncomingQuery(r.URL.RawQuery)
	if err != nil {
		h.refuse(w, r, desk, err)
		return
	}
	if p, ok := h.read(w, r, desk, in); ok {
		h.answer(w, r, desk, p)
	}
}

// post takes a request in a form (SAML bindings §3.5). The browser brings
// no cookie of ours with a form from elsewhere, so that it goes on by a
// redirect to ourselves.
func (h *Handler) post(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.desk(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxSAMLBody)
	if err := r.ParseForm(); err != nil {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonRequest, Detail: "the form cannot be read, or is too long", Desk: desk.ID, Protocol: provision.ProtocolSAML})
		return
	}
	in, err := saml.IncomingForm(r.PostForm)
	if err != nil {
		h.refuse(w, r, desk, err)
		return
	}
	p, ok := h.read(w, r, desk, in)
	if !ok {
		return
	}
	path, err := h.keep(w, r, desk, p)
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// read judges a request. It answers when there is something wrong.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, desk provision.Desk, in saml.Incoming) (pending, bool) {
	wrong := func(reason, detail string) (pending, bool) {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: reason, Detail: detail, Desk: desk.ID, Protocol: provision.ProtocolSAML})
		return pending{}, false
	}
	certificates, err := desk.SignIn.SAML.Certificates()
	if err != nil {
		h.Broken(w, r, err)
		return pending{}, false
	}
	now := h.Now()
	request, err := saml.ReadSignInRequest(in, certificates, now, clockSkew)
	if err != nil {
		h.refuse(w, r, desk, err)
		return pending{}, false
	}
	switch settings := desk.SignIn.SAML; {
	case request.Issuer != settings.EntityID:
		return wrong(site.ReasonIssuer, "the request comes from another entity ID than the one that is configured for the desk")
	case request.Destination != "" && request.Destination != h.url(desk.Name, "sso"):
		return wrong(site.ReasonDestination, "the request is meant for another address; enter ours at the desk as `deskbridge desk app` shows it")
	case request.ACSURL != "" && request.ACSURL != settings.ACSURL:
		return wrong(site.ReasonAddress, "the request wants its answer at an address that is not the configured acs_url")
	case request.Binding != "" && request.Binding != crewjam.HTTPPostBinding:
		return wrong(site.ReasonAddress, "the request wants its answer by another binding than HTTP-POST")
	case len(in.RelayState) > site.MaxState:
		return wrong(site.ReasonRelayState, "the RelayState is longer than 1024 bytes")
	}
	return pending{Desk: desk.ID, ID: request.ID, RelayState: in.RelayState, Fresh: request.ForceAuthn, Passive: request.IsPassive, Since: now}, true
}

// details say in our words why a request is refused, where package saml
// speaks of identity providers.
var details = map[saml.Reason]string{
	saml.ReasonUnsigned:  "the request is not signed, although the desk's certificate is configured",
	saml.ReasonSignature: "the configured certificate does not confirm the signature of the request",
	saml.ReasonExpired:   "the configured certificate of the desk has expired",
}

// refuse answers a message that cannot be read.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, desk provision.Desk, err error) {
	bad, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		h.Broken(w, r, err)
		return
	}
	detail := details[bad.Reason]
	if detail == "" {
		detail = bad.Detail
	}
	h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: "saml-" + string(bad.Reason), Detail: detail, Desk: desk.ID, Protocol: provision.ProtocolSAML})
}

// keep has the browser keep a request until its person is back, and returns the
// path that they come back to.
func (h *Handler) keep(w http.ResponseWriter, r *http.Request, desk provision.Desk, p pending) (string, error) {
	id := provision.NewSecret()
	err := h.Jar.Keep(w, r, kindPending, "", id, p, site.PendingLife)
	return site.Prefix + "/saml/" + desk.Name + "/continue?" + url.Values{site.PendingQuery: {id}}.Encode(), err
}

// resume goes on with a request that was kept.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.desk(w, r)
	if !ok {
		return
	}
	var p pending
	// It stays until it has run out: reloading the page is no mistake.
	err := h.Jar.Read(r, kindPending, "", r.URL.Query().Get(site.PendingQuery), &p)
	if site.IsCode(err, provision.NotFound) || err == nil && p.Desk != desk.ID {
		h.Fail(w, r, site.Refusal{Status: http.StatusBadRequest, Reason: site.ReasonPending, Detail: "no sign-in to this desk is under way: start again from the desk", Desk: desk.ID, Protocol: provision.ProtocolSAML})
		return
	}
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	h.answer(w, r, desk, p)
}

// launch signs somebody in whom the desk has not asked about.
func (h *Handler) launch(w http.ResponseWriter, r *http.Request) {
	if desk, ok := h.desk(w, r); ok {
		h.answer(w, r, desk, pending{Desk: desk.ID, RelayState: desk.SignIn.SAML.RelayState, Since: h.Now()})
	}
}
