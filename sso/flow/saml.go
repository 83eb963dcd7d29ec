package flow

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/ticket"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	// answerLife is how long an answer waits for our own request that finishes
	// the sign-in.
	answerLife = time.Minute
	// freshSkew is how much older than the request a sign-in may be where a
	// fresh one was asked for.
	freshSkew = 2 * time.Minute
)

// answered is an answer that was judged, and waits for its browser.
type answered struct {
	Attempt   string         `json:"attempt"` // RelayState of the sign-in that it answers
	Assertion saml.Assertion `json:"assertion"`
}

// samlACS takes what the identity provider has the browser post. The request
// comes from another site, without our cookies: what passes goes on, sealed, to
// a request of our own, which has them. That the answer belongs to its
// RelayState, and that to us, is seen here.
func (h *Handler) samlACS(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	refuse := func(err error) { h.site.RefuseError(w, r, conn, provision.ProtocolSAML, err) }
	idp, err := h.clients.SAML(r.Context(), conn)
	if err != nil {
		h.site.RefuseSetup(w, r, conn, provision.ProtocolSAML, err)
		return
	}
	form, err := web.ReadForm(w, r, web.MaxSAMLForm)
	if err != nil {
		refuse(&saml.Refusal{Reason: saml.ReasonSize, Detail: err.Error()})
		return
	}
	if len(form["SAMLResponse"]) != 1 || len(form["RelayState"]) > 1 {
		refuse(&saml.Refusal{Reason: saml.ReasonEncoding, Detail: "the form needs one SAMLResponse and at most one RelayState"})
		return
	}
	encoded, relay := form.Get("SAMLResponse"), form.Get("RelayState")
	var pending pendingSignIn
	err = h.core.Sessions.OpenTicket(ticketRelay, conn.ID, relay, &pending.Test)
	if web.IsCode(err, provision.NotFound) {
		h.samlUnasked(w, r, conn, idp, encoded, relay, err)
		return
	}
	if err != nil {
		refuse(err)
		return
	}
	if h.off(w, r, conn, pending) {
		return
	}
	refuse = func(err error) {
		if !pending.Test {
			h.site.RefuseBegun(w, r, conn, provision.ProtocolSAML, web.BegunID(relay), err)
			return
		}
		h.refusePending(w, r, conn, provision.ProtocolSAML, pending, err)
	}
	var assertion *saml.Assertion
	_, err = h.clients.Judge(r.Context(), conn, idp, func(idp *client.SAMLClient) (err error) {
		assertion, err = idp.Answer(encoded, saml.RequestID(relay))
		return err
	})
	if err != nil {
		refuse(err)
		return
	}
	secret, err := h.keepAnswer(r.Context(), conn, answered{Attempt: relay, Assertion: *assertion})
	if err != nil {
		refuse(err)
		return
	}
	http.Redirect(w, r, "/sso/"+conn.Name+"/saml/finish?"+url.Values{"answer": {secret}, web.ParamBegun: {web.BegunID(relay)}}.Encode(), http.StatusSeeOther)
}

// keepAnswer returns what brings an answer to our own request: a ticket, or for
// one that is too long for an address, a one-time token. Strangers have us keep
// nothing that way: the identity provider has signed it.
func (h *Handler) keepAnswer(ctx context.Context, conn provision.Connection, a answered) (string, error) {
	sealed, err := h.core.Sessions.SealTicket(ticketAnswer, conn.ID, a, answerLife)
	if err != nil || len(sealed) <= ticket.MaxLength {
		return sealed, err
	}
	return h.core.Sessions.IssueOneTime(ctx, ticketAnswer, conn.ID, a, answerLife)
}

// once refuses an assertion that was seen before, here or at another replica.
func (h *Handler) once(r *http.Request, conn provision.Connection, a *saml.Assertion) error {
	first, err := h.core.Sessions.Remember(r.Context(), conn.ID, assertionKey(a), a.NotOnOrAfter)
	if err == nil && !first {
		err = &saml.Refusal{Reason: "replay", Detail: "this assertion was used before"}
	}
	return err
}

// samlFinish finishes a sign-in in the browser that began it.
func (h *Handler) samlFinish(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	refuse := func(err error) { h.site.RefuseError(w, r, conn, provision.ProtocolSAML, err) }
	var kept answered
	query := r.URL.Query()
	secret, begun := query.Get("answer"), query.Get(web.ParamBegun)
	if reason := query.Get(paramGone); reason != "" {
		h.gone(w, r, conn, provision.ProtocolSAML, begun, goneError(reason))
		return
	}
	if err := h.core.Sessions.PeekOneTime(r.Context(), ticketAnswer, conn.ID, secret, &kept); err != nil {
		h.gone(w, r, conn, provision.ProtocolSAML, begun, err)
		return
	}
	var pending pendingSignIn
	if err := h.jar.Read(r, ticketSAML, conn.ID, kept.Attempt, &pending); err != nil {
		h.gone(w, r, conn, provision.ProtocolSAML, begun, err)
		return
	}
	if h.off(w, r, conn, pending) {
		return
	}
	if !h.site.SameBrowser(r, pending.Browser) {
		refuse(errOtherBrowser)
		return
	}
	refuse = func(err error) { h.refusePending(w, r, conn, provision.ProtocolSAML, pending, err) }
	if err := conn.SignIn.SAML.Readable(); err != nil {
		refuse(err)
		return
	}
	if conn.SignIn.SAML.ForceAuthn && kept.Assertion.AuthnInstant.Before(pending.Issued.Add(-freshSkew)) {
		refuse(&saml.Refusal{Reason: saml.ReasonAuthn, Detail: "the connection asks for a fresh sign-in, and the identity provider answered with an older one"})
		return
	}
	e, err := h.samlSignIn(conn, *conn.SignIn.SAML, &kept.Assertion)
	if err != nil {
		refuse(err)
		return
	}
	e.Attempt = pending.attempt(kept.Attempt)
	if !session.IsTicket(secret) {
		e.OneTime = []signin.OneTimeRef{{Kind: ticketAnswer, Secret: secret}}
	}
	if pending.Test {
		h.showDryRun(w, r, conn, e)
		return
	}
	h.signIn(w, r, conn, e, web.BegunID(kept.Attempt), pending.Start)
}

// samlSignIn is what an assertion comes to.
func (h *Handler) samlSignIn(conn provision.Connection, settings protocol.SAML, assertion *saml.Assertion) (e signin.SignInRequest, err error) {
	if e.Login, err = h.samlLogin(conn, settings.Claims, assertion); err != nil {
		return e, err
	}
	nameID, err := json.Marshal(assertion.NameID)
	if err != nil {
		return e, err
	}
	e.Issued = assertion.Issued
	e.Session.Index, e.Session.NameID, e.Session.AuthnAt = assertion.SessionIndex, string(nameID), assertion.AuthnInstant
	e.AuthnContext = session.AuthnContext{Class: assertion.AuthnContext, Message: assertion.ID}
	e.Once, e.OnceUntil = assertionKey(assertion), assertion.NotOnOrAfter
	if assertion.SessionNotOnOrAfter != nil {
		e.NotAfter = *assertion.SessionNotOnOrAfter
	}
	return e, nil
}

// assertionKey is what an assertion is remembered by.
func assertionKey(a *saml.Assertion) string { return "assertion " + a.Issuer + " " + a.ID }

// errOtherBrowser says that an answer came in another browser than the sign-in
// began in: stolen, or planted.
var errOtherBrowser = &provision.Error{Code: provision.NotFound, Detail: "the sign-in began in another browser"}
