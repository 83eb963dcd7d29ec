package sso

import (
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/breakglass"
)

// Person returns who is signed in in this browser; Denied when nobody is.
func (h *Handler) Person(r *http.Request) (provision.Session, provision.Identity, provision.Connection, error) {
	return h.site.Current(r)
}

// BreakGlassAdmin returns the break-glass admin who is signed in in this browser,
// and since when; Denied when none is.
func (h *Handler) BreakGlassAdmin(r *http.Request) (breakglass.Admin, time.Time, error) {
	return h.breakGlass.Admin(r)
}
