package sso

import (
	"context"
	"errors"
	"net/http"

	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/linger"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// refusal is why something is not done, for the log and for a page. Nothing of
// what the browser sent is in it.
type refusal struct {
	status     int
	connection provision.Connection // zero when it is not known
	protocol   provision.Protocol
	reason     string // stable; docs/sign-in.md lists them
	detail     string // for the log
	person     string // for the page: what to do about it; "" stands for a general text
	audit      bool   // somebody tried to sign in: the audit log tells of it
}

// general is what a page says when the reason is not for whoever sees it.
const general = "Your sign-in could not be completed. Please start again from the beginning. If it happens again, tell your IT department the reference below."

// fail refuses a request: a page for the person, a line for the log, an entry
// for the audit log, all with the same reference.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, f refusal) {
	ctx := r.Context()
	reference := h.reference(ctx)
	h.metrics.refused(f)
	h.log.WarnContext(ctx, "sign-in refused", "request", reference, "connection", f.connection.Name, "protocol", f.protocol, "reason", f.reason, "detail", f.detail)
	if f.audit && f.connection.ID != "" {
		detail := map[string]any{"protocol": f.protocol, "ip": h.ClientAddress(r).String()}
		if err := h.core.RecordRefusal(ctx, f.connection.ID, h.cause(r, f.protocol), f.reason, detail); err != nil {
			h.log.ErrorContext(ctx, "a refused sign-in is not in the audit log", "request", reference, "err", err)
		}
	}
	if f.person == "" {
		f.person = general
	}
	page := func() {
		h.show(w, r, f.status, "refused.html", map[string]any{"Text": f.person, "Reference": reference, "Status": f.status})
	}
	if f.status == http.StatusTooManyRequests {
		page()
		return
	}
	linger.After(w, r.Body, page)
}

// broken answers an error of our own. It is the only 5xx.
func (h *Handler) broken(w http.ResponseWriter, r *http.Request, err error) {
	reference := h.reference(r.Context())
	h.log.ErrorContext(r.Context(), "sign-in failed", "request", reference, "err", err)
	h.show(w, r, http.StatusInternalServerError, "refused.html", map[string]any{"Text": general, "Reference": reference})
}

func (h *Handler) reference(ctx context.Context) string {
	if h.options.RequestID == nil {
		return ""
	}
	return h.options.RequestID(ctx)
}

// cause is what the audit log says of a change that a sign-in makes.
func (h *Handler) cause(r *http.Request, p provision.Protocol) provision.Cause {
	actor := "sso"
	if p != "" {
		actor += ":" + string(p)
	}
	return provision.Cause{Actor: actor, Action: "sign-in", Request: h.reference(r.Context())}
}

// refuse answers err, which came of a sign-in: what the outside has caused by a
// page, everything else as an error of our own.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, err error) {
	f := refusal{status: http.StatusForbidden, connection: conn, protocol: p, audit: true}
	var bySAML *saml.Refusal
	var byOIDC *oidc.Refusal
	var byFetch *fetch.Error
	var byCore *provision.Error
	switch {
	case errors.As(err, &bySAML):
		f.status, f.reason, f.detail = http.StatusBadRequest, string(bySAML.Reason), bySAML.Detail
	case errors.As(err, &byOIDC):
		f.status, f.reason, f.detail = http.StatusBadRequest, byOIDC.Reason, byOIDC.Detail
		if byOIDC.Code != "" {
			f.detail += " (" + byOIDC.Code + ")"
		}
		if byOIDC.Reason == oidc.ReasonProviderError {
			f.person = "Your organisation's sign-in page did not sign you in. Please try again; if it happens again, tell your IT department the reference below."
		}
	case errors.As(err, &byFetch):
		f.status, f.reason, f.detail = http.StatusBadRequest, "fetch", byFetch.Error()
	case errors.As(err, &byCore) && byCore.Code == provision.Denied:
		f.reason, f.detail = byCore.Field, byCore.Detail
		f.person = "You cannot sign in here: " + byCore.Detail + ". Your IT department can help; tell them the reference below."
	case errors.As(err, &byCore) && byCore.Code == provision.NotFound:
		f.status, f.reason, f.detail, f.audit = http.StatusBadRequest, "pending", "no sign-in is under way here that this answer belongs to: it was used, is older than allowed, or began in another browser", true
	case errors.As(err, &byCore) && byCore.Code == provision.Invalid:
		f.status, f.reason, f.detail = http.StatusBadRequest, "invalid", byCore.Error()
	default:
		h.broken(w, r, err)
		return
	}
	h.fail(w, r, f)
}
