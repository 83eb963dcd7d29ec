package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// RefuseError answers err, which came of a sign-in through conn: what the
// outside has caused by a page, everything else as an error of our own. Whoever
// begins anew from there goes to where they were heading, as far as the request
// or the browser knows.
func (s *Site) RefuseError(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, err error) {
	s.RefuseStarted(w, r, conn, p, s.lastStart(r, conn), err)
}

// RefuseStarted is RefuseError for a sign-in of which it is known what it was
// begun for.
func (s *Site) RefuseStarted(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, t Start, err error) {
	s.refuse(w, r, conn, p, t.Params(), err)
}

// RefuseBegun is RefuseStarted for a request that another site has the browser
// send, without our cookies: what the sign-in with that id of [BegunID] was begun
// for is seen when they begin anew.
func (s *Site) RefuseBegun(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, id string, err error) {
	s.refuse(w, r, conn, p, url.Values{ParamBegun: {id}}, err)
}

func (s *Site) refuse(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, again url.Values, err error) {
	f, outside := refusalOf(err)
	if !outside {
		s.Broken(w, r, err)
		return
	}
	f.Connection, f.Protocol, f.Audit = conn, p, true
	if IsCode(err, provision.NotFound) {
		f.Person = "This sign-in was finished already, took too long, or did not begin in this browser. Start again from here. If it happens again, tell your IT department the reference below."
	}
	f.Again = LoginPath(conn.Name) + "?" + again.Encode()
	if f.Status == http.StatusForbidden { // there they would be refused the same: they may have another address
		f.Again = "/sso/login?" + again.Encode()
	}
	s.Refuse(w, r, f)
}

// lastStart returns what a request says that a sign-in is begun for, else what
// the last one at conn was begun for in this browser.
func (s *Site) lastStart(r *http.Request, conn provision.Connection) Start {
	if last, known := s.Begun(r, conn, ""); known && !r.URL.Query().Has(paramReturnTo) {
		return last.Start
	}
	return s.StartOf(r.URL.Query())
}

// refusalOf maps an error that a sign-in came to; false for one of our own. It
// is the only place that does.
func refusalOf(err error) (f Refusal, outside bool) {
	var bySAML *saml.Refusal
	var byOIDC *oidc.Refusal
	var byFetch *fetch.Error
	var byCore *provision.Error
	f.Status = http.StatusBadRequest
	switch {
	case errors.As(err, &bySAML):
		f.Reason, f.Detail = string(bySAML.Reason), bySAML.Detail
	case errors.As(err, &byOIDC):
		f.Reason, f.Detail = byOIDC.Reason, byOIDC.Detail
		if byOIDC.Code != "" {
			f.Detail += " (" + byOIDC.Code + ")"
		}
		if byOIDC.Reason == oidc.ReasonProviderError {
			f.Person = "Your organisation's sign-in page did not sign you in. Please try again; if it happens again, tell your IT department the reference below."
		}
	case errors.As(err, &byFetch):
		f.Reason, f.Detail = "fetch", byFetch.Error()
	case errors.As(err, &byCore) && byCore.Code == provision.Denied:
		f.Status, f.Reason, f.Detail = http.StatusForbidden, byCore.Reason, byCore.Detail
		f.Person = "You cannot sign in here: " + byCore.Detail + ". Your IT department can help; tell them the reference below."
	case errors.As(err, &byCore) && byCore.Code == provision.NotFound:
		f.Reason, f.Detail = "pending", "no sign-in is under way here that this answer belongs to: it was used, is older than allowed, or began in another browser"
	case errors.As(err, &byCore) && byCore.Code == provision.Invalid:
		f.Reason, f.Detail = "invalid", byCore.Error()
	default:
		return Refusal{}, false
	}
	return f, true
}

// RefuseSetup answers that what a request wants cannot begin: the settings or
// the identity provider are at fault, not the person.
func (s *Site) RefuseSetup(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, err error) {
	var bySAML *saml.Refusal
	var byOIDC *oidc.Refusal
	var byFetch *fetch.Error
	if !errors.As(err, &bySAML) && !errors.As(err, &byOIDC) && !errors.As(err, &byFetch) && !IsCode(err, provision.Denied) {
		s.RefuseError(w, r, conn, p, err)
		return
	}
	s.Refuse(w, r, Refusal{Status: http.StatusBadRequest, Connection: conn, Protocol: p, Reason: "setup", Detail: err.Error(),
		Again:  LoginPath(conn.Name) + "?" + s.lastStart(r, conn).Params().Encode(),
		Person: "Signing in is not set up here yet, or your organisation's sign-in page does not answer. Your IT department can see why; tell them the reference below."})
}
