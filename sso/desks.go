package sso

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/web"
)

// desksPath is below which desks are served, by a handler of their own.
const desksPath = "/sso/idp/"

// desksRoute is how requests for what is below desksPath are checked: they come
// from the sites of desks.
var desksRoute = web.Route{Pattern: desksPath, FromAnywhere: true}

// Mount adds what serves desks under /sso/idp/. It is not in the mux, where
// names of connections would get in its way.
func (h *Handler) Mount(desks http.Handler) { h.desks = desks }

// startsAtDesk reports whether browsers come there from a desk, who may have
// signed in nowhere yet: what they want is kept until they have. The other ends
// are for desks themselves, each of which has one address for all its people.
func startsAtDesk(path string) bool {
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "sso", "authorize", "continue", "launch", "end-session":
		return true
	}
	return false
}

// Current returns who is signed in in this browser; false when nobody is.
func (h *Handler) Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, bool) {
	session, person, conn, err := h.site.Current(r)
	return session, person, conn, err == nil
}

// SignIn sends the browser to sign in, again if somebody is signed in, as a desk
// demands it, and then back to our own path to.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request, to, desk string, demand session.Demand) {
	h.site.SignIn(w, r, web.Start{ReturnTo: to, Desk: desk, Demand: demand})
}

// Fail refuses a request with a page and a reference that the log has too.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, status int, reason, detail string) {
	h.site.Refuse(w, r, web.Refusal{Status: status, Reason: reason, Detail: detail})
}
