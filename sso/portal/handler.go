package portal

import (
	"github.com/deskbridge/deskbridge/sso/web"
)

// Handler serves who is signed in. It is safe for concurrent use.
type Handler struct {
	core Core
	site *web.Site
}

// New returns the Handler for core.
func New(core Core, site *web.Site) *Handler {
	return &Handler{core: core, site: site}
}

// Routes returns what the Handler serves.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /sso/{$}", Serve: h.launcher},
		{Pattern: "GET /sso/waiting", Serve: h.provisioning},
		{Pattern: "GET /sso/session", Serve: h.session, EveryPage: true},
		{Pattern: "POST /sso/sessions/end", Serve: h.endOwn},
		// It changes nothing, and a proxy may ask with what the browser asks a desk.
		{Pattern: "/sso/forward-auth", Serve: h.forwardAuth, EveryPage: true, FromAnywhere: true},
	}
}
