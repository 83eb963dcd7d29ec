package flow

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	// paramUnasked is with a sign-in that begins because an answer came to no
	// question of ours, [web.ParamBegun] which sign-in of before it may have meant.
	paramUnasked = "unasked"
	// paramGone says why an answer is not good for anything, in a request of our
	// own: one that comes from another site does not bring our cookies.
	paramGone = "gone"

	// maxUnasked is how many sign-ins in a row may begin with an answer to no
	// question of ours, each within unaskedWithin of the one before.
	maxUnasked    = 2
	unaskedWithin = 2 * time.Minute

	maxRelay = 80 // bytes of a RelayState of ours (SAML bindings §3.4.3)

	reasonReplay  = "replay"
	reasonUnasked = "unasked"
	reasonPending = "pending"
)

// samlUnasked takes an answer for which no sign-in is pending; notFound says so.
// It signs nobody in: it would be as good in any other browser. When it is
// genuine and new, a sign-in of ours begins, which the identity provider, where
// the person has a session, answers without a word: if the answer names no
// request, where sign-ins may begin at the identity provider; if it names one, as
// a bookmark and a login page that was left open do. All others go to a request
// of our own, which sees whether somebody is signed in.
func (h *Handler) samlUnasked(w http.ResponseWriter, r *http.Request, conn provision.Connection, idp *client.SAMLClient, encoded, relay string, notFound error) {
	if conn.SignIn.Disabled {
		h.site.SwitchedOff(w, r, conn)
		return
	}
	refused, params := notFound, url.Values{}
	if idp.Settings.IdPInitiated {
		refused = h.judgeNew(r, conn, idp, func(idp *client.SAMLClient) (*saml.Assertion, error) { return idp.Unsolicited(encoded) })
		params = url.Values{"return_to": {h.site.ReturnPath(relay)}}
		if relay == "" {
			params.Del("return_to")
		}
	}
	if reason := reasonOf(refused); isRelay(relay) && (reason == reasonPending || reason == string(saml.ReasonInResponseTo)) {
		if h.judgeNew(r, conn, idp, func(idp *client.SAMLClient) (*saml.Assertion, error) { return idp.Late(encoded) }) == nil {
			refused, params = nil, url.Values{web.ParamBegun: {web.BegunID(relay)}}
		}
	}
	if refused == nil {
		params.Set("via", string(provision.ProtocolSAML))
		params.Set(paramUnasked, "1")
		http.Redirect(w, r, web.LoginPath(conn.Name)+"?"+params.Encode(), http.StatusSeeOther)
		return
	}
	reason := reasonOf(refused)
	if reason == reasonReplay || isRelay(relay) && (reason == reasonPending || reason == string(saml.ReasonInResponseTo)) {
		params := url.Values{paramGone: {reason}, web.ParamBegun: {web.BegunID(relay)}}
		http.Redirect(w, r, "/sso/"+conn.Name+"/saml/finish?"+params.Encode(), http.StatusSeeOther)
		return
	}
	if isRelay(relay) {
		h.site.RefuseBegun(w, r, conn, provision.ProtocolSAML, web.BegunID(relay), refused)
		return
	}
	start := h.site.StartOf(url.Values{"return_to": {relay}}) // as a tile of the identity provider has it
	h.site.RefuseStarted(w, r, conn, provision.ProtocolSAML, start, refused)
}

// judgeNew judges an answer that is to sign nobody in, and refuses one that was
// seen before.
func (h *Handler) judgeNew(r *http.Request, conn provision.Connection, idp *client.SAMLClient, judge func(*client.SAMLClient) (*saml.Assertion, error)) error {
	var assertion *saml.Assertion
	_, err := h.clients.Judge(r.Context(), conn, idp, func(idp *client.SAMLClient) (err error) {
		assertion, err = judge(idp)
		return err
	})
	if err == nil {
		err = h.once(r, conn, assertion)
	}
	return err
}

// reasonOf returns the reason of a refusal that a request of our own may find
// otherwise; "" for every other error.
func reasonOf(err error) string {
	if bySAML, ok := errors.AsType[*saml.Refusal](err); ok {
		return string(bySAML.Reason)
	}
	if web.IsCode(err, provision.NotFound) {
		return reasonPending
	}
	return ""
}

// goneError is the error behind a reason that came by way of the browser.
func goneError(reason string) error {
	switch reason {
	case reasonReplay:
		return &saml.Refusal{Reason: reasonReplay, Detail: "this assertion was used before"}
	case string(saml.ReasonInResponseTo):
		return &saml.Refusal{Reason: saml.ReasonInResponseTo, Detail: "the answer is to a request that is not pending"}
	}
	return &provision.Error{Code: provision.NotFound, Detail: "no sign-in is pending that this answer belongs to"}
}

// isRelay reports whether a RelayState may be one of ours, if an old one: no
// address is.
func isRelay(relay string) bool {
	return len(relay) <= maxRelay && !session.TicketExpires(relay).IsZero()
}

// gone answers in a request of our own, which has our cookies, that the sign-in
// behind an answer is not pending: it was finished, took too long, or is none.
// begun is what the browser may know it by.
//
// Somebody who is signed in and comes with an answer of before has gone back or
// loaded a page again, and goes on. A sign-in that this browser has begun and that took too long begins
// anew; nothing of the answer is used. All else is refused.
func (h *Handler) gone(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, id string, why error) {
	if conn.SignIn.Disabled {
		h.site.SwitchedOff(w, r, conn)
		return
	}
	if reasonOf(why) == "" {
		h.site.RefuseError(w, r, conn, p, why)
		return
	}
	begun, known := h.site.Begun(r, conn, id)
	known = known && id != ""
	if _, _, _, err := h.site.Current(r); err == nil && (known || reasonOf(why) == reasonReplay) {
		if !known {
			begun.Start = web.Start{ReturnTo: web.Home}
		}
		h.sendOn(w, r, begun.Start)
		return
	}
	if known && begun.Age(h.site.Now()) >= pendingLife {
		params := url.Values{"via": {string(p)}, paramUnasked: {"1"}, web.ParamBegun: {id}}
		http.Redirect(w, r, web.LoginPath(conn.Name)+"?"+params.Encode(), http.StatusSeeOther)
		return
	}
	h.site.RefuseError(w, r, conn, p, why)
}

// afterUnasked goes on with what the browser was doing before an answer came to
// no question of ours. It refuses, and returns false, when that happens again and
// again: the identity provider never answers what it is asked.
func (h *Handler) afterUnasked(w http.ResponseWriter, r *http.Request, conn provision.Connection, pending *pendingSignIn) bool {
	query := r.URL.Query()
	last, known := h.site.Begun(r, conn, "")
	known = known && !last.Done
	pending.Unasked = 1
	if known && last.Age(h.site.Now()) < unaskedWithin {
		pending.Unasked = last.Unasked + 1
	}
	if _, meant := h.meant(r, conn); !meant && !query.Has("return_to") && known && last.Age(h.site.Now()) < pendingLife {
		pending.Start = last.Start
	}
	if pending.Unasked <= maxUnasked {
		return true
	}
	h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Connection: conn, Protocol: provision.ProtocolSAML, Reason: reasonUnasked, Audit: true,
		Detail: "the identity provider was asked several times in a row, and its answers name no request of ours that is pending (InResponseTo), or come without our RelayState: have it answer requests, or begin at an address of ours that it knows as the sign-on URL",
		Person: "Your organisation's sign-in page has answered several times, but never to the question that it was asked, so that nobody knows whether it is you. Your IT department can set that right; tell them the reference below.",
		Again:  web.LoginPath(conn.Name) + "?" + pending.Params().Encode()})
	return false
}

// meant returns what the sign-in of this browser was begun for that an address is
// about, without saying more; false when it is about none, or the browser does
// not know it.
func (h *Handler) meant(r *http.Request, conn provision.Connection) (web.Start, bool) {
	query := r.URL.Query()
	id := query.Get(web.ParamBegun)
	begun, known := h.site.Begun(r, conn, id)
	return begun.Start, known && id != "" && !query.Has("return_to")
}

// off answers that sign-in is switched off, and reports so, unless an admin tests
// the connection.
func (h *Handler) off(w http.ResponseWriter, r *http.Request, conn provision.Connection, pending pendingSignIn) bool {
	if !conn.SignIn.Disabled || pending.Test {
		return false
	}
	h.site.SwitchedOff(w, r, conn)
	return true
}
