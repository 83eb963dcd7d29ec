package site

import (
	"errors"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
)

// Why nobody gets in: what the page, the log and the audit log say. The core's
// reasons come beside them; see docs/audit.md.
const (
	ReasonDesk         = "unknown-desk"   // there is no such desk, or it has no sign-in of this kind
	ReasonRequest      = "bad-request"    // the request cannot be read
	ReasonIssuer       = "issuer"         // sent by another service provider
	ReasonDestination  = "destination"    // sent to another address
	ReasonAddress      = "answer-address" // wants the answer at an address that is not configured
	ReasonRelayState   = "relay-state"    // longer than allowed
	ReasonClient       = "unknown-client"
	ReasonRedirect     = "redirect-uri" // not one of those configured
	ReasonPending      = "pending"      // the sign-in took too long, or began elsewhere
	ReasonLogin        = "login-required"
	ReasonNoName       = "no-name" // the person lacks what the desk knows people by
	ReasonCode         = "code"    // a code that is not good, or no longer
	ReasonCodeReplayed = "code-replayed"
	ReasonSecret       = "client-secret"
	ReasonInternal     = "internal"
)

// Refusal is why something is not done.
type Refusal struct {
	Status   int    // of the page; a desk that hears of it by a redirect gets none
	Reason   string // one of the above, one of the core's, or an error of OpenID Connect
	Detail   string // for an admin; nothing of what came with the request is in it
	Desk     provision.DeskID
	Protocol provision.Protocol

	Connection provision.ConnectionID // of the person, when one is signed in
	Person     provision.IdentityID
}

// Fail refuses a request: a page for the person, a line for the log, which the
// portal writes, and an entry for the audit log where a desk is concerned, all
// with the same reference.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, f Refusal) {
	s.audit(r, f)
	s.Portal.Fail(w, r, f.Status, f.Reason, f.Detail)
}

// Record notes a refusal that no page tells of: the desk hears of it.
func (s *Site) Record(r *http.Request, f Refusal) {
	s.Log.WarnContext(r.Context(), "sign-in to a desk refused", "request", s.Reference(r), "desk", f.Desk, "protocol", f.Protocol, "reason", f.Reason, "detail", f.Detail)
	s.audit(r, f)
}

func (s *Site) audit(r *http.Request, f Refusal) {
	if f.Desk == "" || f.Person == "" && !s.Strangers.Allow(Stranger{f.Desk, f.Reason}) {
		return
	}
	ctx := r.Context()
	detail := map[string]any{"protocol": f.Protocol}
	if err := s.Core.DeskSessions.RecordRefusal(ctx, s.Cause(r, f.Protocol), f.Desk, f.Connection, f.Person, f.Reason, detail); err != nil {
		s.Log.ErrorContext(ctx, "a refused sign-in to a desk is not in the audit log", "request", s.Reference(r), "err", err)
	}
}

// Refuse answers err: what the core denies by a page, all else as an error of
// our own.
func (s *Site) Refuse(w http.ResponseWriter, r *http.Request, f Refusal, err error) {
	if denied, ok := errors.AsType[*provision.Error](err); ok && denied.Code == provision.Denied {
		f.Status, f.Reason, f.Detail = http.StatusForbidden, denied.Reason, denied.Detail
		s.Fail(w, r, f)
		return
	}
	s.Broken(w, r, err)
}

// Broken answers an error of our own. It is the only 5xx.
func (s *Site) Broken(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.ErrorContext(r.Context(), "sign-in to a desk failed", "request", s.Reference(r), "err", err)
	status := http.StatusInternalServerError
	if provision.IsUnavailable(err) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	s.Portal.Fail(w, r, status, ReasonInternal, "")
}

// Reference is what the error page, the log and the audit log call a request;
// "": it has none.
func (s *Site) Reference(r *http.Request) string {
	if s.RequestID == nil {
		return ""
	}
	return s.RequestID(r.Context())
}

// Cause is what the audit log says of what a sign-in changes.
func (s *Site) Cause(r *http.Request, p provision.Protocol) provision.Cause {
	return provision.Cause{Actor: "idp:" + string(p), Action: "sign-in to a desk", Request: s.Reference(r)}
}

// IsCode reports whether err is one that the core tells apart, with this code.
func IsCode(err error, code provision.Code) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return ok && e.Code == code
}
