package web

import (
	"errors"
	"net/http"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// RefuseError answers err, which came of a sign-in through conn: what the
// outside has caused by a page, everything else as an error of our own.
func (s *Site) RefuseError(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, err error) {
	f, outside := refusalOf(err)
	if !outside {
		s.Broken(w, r, err)
		return
	}
	f.Connection, f.Protocol, f.Audit = conn, p, true
	s.Refuse(w, r, f)
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
		Person: "Signing in is not set up here yet, or your organisation's sign-in page does not answer. Your IT department can see why; tell them the reference below."})
}
