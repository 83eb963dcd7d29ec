package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	ownerCookie = "deskbridge_owner"
	ownerLife   = time.Hour
)

// breakGlass shows the form, or to an owner how sign-in is doing.
func (h *Handler) breakGlass(w http.ResponseWriter, r *http.Request) {
	_, err := h.core.OwnerSession(r.Context(), h.site.Cookie(r, ownerCookie))
	if web.IsCode(err, provision.Denied) {
		h.site.Show(w, r, http.StatusOK, "breakglass.html", nil)
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.overview(w, r)
}

// breakIn signs an owner in. It is for when nothing else works, so that
// everybody hears of it.
func (h *Handler) breakIn(w http.ResponseWriter, r *http.Request) {
	form, err := web.ReadForm(w, r, web.MaxForm)
	if err != nil {
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Reason: "form", Detail: err.Error()})
		return
	}
	from := h.site.ClientAddress(r)
	if !h.glass.allow(from) {
		h.tooManyTries(w, r)
		return
	}
	cause := provision.Cause{Actor: "owner", Action: "break-glass", Request: h.site.Reference(r.Context())}
	ctx, stop := context.WithTimeout(r.Context(), glassWait)
	defer stop()
	secret, err := h.core.OwnerSignIn(ctx, cause, form.Get("name"), form.Get("password"), form.Get("code"))
	if errors.Is(err, context.DeadlineExceeded) {
		h.tooManyTries(w, r)
		return
	}
	if web.IsCode(err, provision.Denied) {
		h.glass.failed(from)
		h.tries.WithLabelValues("refused").Inc()
		h.site.Log.ErrorContext(r.Context(), "BREAK GLASS: a sign-in was refused", "request", cause.Request, "from", from.String())
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusForbidden, Reason: "owner", Detail: "name, password or code is wrong", Person: "The name, the password or the code is wrong."})
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.tries.WithLabelValues("ok").Inc()
	h.site.Log.ErrorContext(r.Context(), "BREAK GLASS: an owner signed in", "request", cause.Request, "from", from.String())
	h.site.SetCookie(w, ownerCookie, secret, ownerLife)
	http.Redirect(w, r, "/sso/break-glass", http.StatusSeeOther)
}

func (h *Handler) tooManyTries(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "60")
	h.site.Refuse(w, r, web.Refusal{Status: http.StatusTooManyRequests, Reason: "rate", Detail: "too many tries of the break-glass sign-in",
		Person: "Too many tries. Wait a minute."})
}

// breakOut signs an owner out.
func (h *Handler) breakOut(w http.ResponseWriter, r *http.Request) {
	err := h.core.OwnerSignOut(r.Context(), h.site.Cookie(r, ownerCookie))
	h.site.ClearCookie(w, ownerCookie)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/sso/break-glass", http.StatusSeeOther)
}

// overview shows an owner whether people can sign in, and why somebody could
// not.
func (h *Handler) overview(w http.ResponseWriter, r *http.Request) {
	type connection struct {
		Name     string
		Findings []client.Finding
	}
	connections, err := h.core.Connections(r.Context())
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	var states []connection
	for _, c := range connections {
		states = append(states, connection{c.Name, h.clients.Test(r.Context(), c)})
	}
	data := map[string]any{"Connections": states}
	if reference := r.URL.Query().Get("reference"); reference != "" {
		why, err := h.refusalsOf(r, reference, connections)
		if err != nil {
			h.site.Broken(w, r, err)
			return
		}
		data["Looked"], data["Why"] = true, why
	}
	h.site.Show(w, r, http.StatusOK, "overview.html", data)
}

func (h *Handler) refusalsOf(r *http.Request, reference string, connections []provision.Connection) (out []string, _ error) {
	entries, err := h.core.Refusals(r.Context(), reference)
	for _, e := range entries {
		name := ""
		for _, c := range connections {
			if c.ID == e.Connection {
				name = c.Name
			}
		}
		out = append(out, fmt.Sprintf("%s UTC, connection %s, %v: %v", e.At.UTC().Format(time.DateTime), name, e.Detail["protocol"], e.Detail["reason"]))
	}
	return out, err
}

// CurrentOwner returns the owner who is signed in in this browser; false when
// nobody is.
func (h *Handler) CurrentOwner(r *http.Request) (provision.Owner, bool, error) {
	o, err := h.core.OwnerSession(r.Context(), h.site.Cookie(r, ownerCookie))
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.Denied {
		return provision.Owner{}, false, nil
	}
	return o, err == nil, err
}
