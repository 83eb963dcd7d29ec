package deskidp

import (
	"errors"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
)

// Why nobody gets in: what the page, the log and the audit log say. The core's
// reasons come beside them; see docs/audit.md.
const (
	reasonDesk         = "unknown-desk"   // there is no such desk, or it has no sign-in of this kind
	reasonRequest      = "bad-request"    // the request cannot be read
	reasonIssuer       = "issuer"         // sent by another service provider
	reasonDestination  = "destination"    // sent to another address
	reasonAddress      = "answer-address" // wants the answer at an address that is not configured
	reasonRelayState   = "relay-state"    // longer than allowed
	reasonClient       = "unknown-client"
	reasonRedirect     = "redirect-uri" // not one of those configured
	reasonPending      = "pending"      // the sign-in took too long, or began elsewhere
	reasonLogin        = "login-required"
	reasonNoName       = "no-name" // the person lacks what the desk knows people by
	reasonCode         = "code"    // a code that is not good, or no longer
	reasonCodeReplayed = "code-replayed"
	reasonSecret       = "client-secret"
	reasonInternal     = "internal"
)

// refusal is why something is not done.
type refusal struct {
	status   int
	reason   string
	detail   string // for an admin; nothing of what came with the request is in it
	desk     provision.DeskID
	protocol provision.Protocol

	connection provision.ConnectionID // of the person, when one is signed in
	person     provision.IdentityID
}

// fail refuses a request: a page for the person, a line for the log, which the
// door writes, and an entry for the audit log where a desk is concerned, all
// with the same reference.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, f refusal) {
	h.audit(r, f)
	h.door.Fail(w, r, f.status, f.reason, f.detail)
}

// record notes a refusal that no page tells of: the desk hears of it.
func (h *Handler) record(r *http.Request, f refusal) {
	h.log.WarnContext(r.Context(), "sign-in to a desk refused", "request", h.reference(r), "desk", f.desk, "protocol", f.protocol, "reason", f.reason, "detail", f.detail)
	h.audit(r, f)
}

func (h *Handler) audit(r *http.Request, f refusal) {
	if f.desk == "" {
		return
	}
	ctx := r.Context()
	detail := map[string]any{"protocol": f.protocol}
	if err := h.core.RecordAppRefusal(ctx, h.cause(r, f.protocol), f.desk, f.connection, f.person, f.reason, detail); err != nil {
		h.log.ErrorContext(ctx, "a refused sign-in to a desk is not in the audit log", "request", h.reference(r), "err", err)
	}
}

// refuse answers err: what the core denies by a page, all else as an error of
// our own.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, f refusal, err error) {
	if denied, ok := errors.AsType[*provision.Error](err); ok && denied.Code == provision.Denied {
		f.status, f.reason, f.detail = http.StatusForbidden, denied.Field, denied.Detail
		h.fail(w, r, f)
		return
	}
	h.broken(w, r, err)
}

// broken answers an error of our own. It is the only 5xx.
func (h *Handler) broken(w http.ResponseWriter, r *http.Request, err error) {
	h.log.ErrorContext(r.Context(), "sign-in to a desk failed", "request", h.reference(r), "err", err)
	h.door.Fail(w, r, http.StatusInternalServerError, reasonInternal, "")
}

func (h *Handler) reference(r *http.Request) string {
	if h.options.RequestID == nil {
		return ""
	}
	return h.options.RequestID(r.Context())
}

// cause is what the audit log says of what a sign-in changes.
func (h *Handler) cause(r *http.Request, p provision.Protocol) provision.Cause {
	return provision.Cause{Actor: "idp:" + string(p), Action: "sign-in to a desk", Request: h.reference(r)}
}

func isCode(err error, code provision.Code) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return ok && e.Code == code
}
