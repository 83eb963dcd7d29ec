package flow

import (
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/ticket"
	"github.com/deskbridge/deskbridge/sso/web"
)

// Handler serves signing in. It is safe for concurrent use.
type Handler struct {
	core    Core
	site    *web.Site
	clients *client.Clients
	jar     ticket.Jar
}

// New returns the Handler for core.
func New(core Core, site *web.Site, clients *client.Clients) *Handler {
	return &Handler{core: core, site: site, clients: clients, jar: ticket.NewJar(core.Sessions, site.PublicURL)}
}

// Routes returns what the Handler serves.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /sso/login", Serve: h.ask},
		{Pattern: "POST /sso/login", Serve: h.route},
		{Pattern: "GET /sso/{connection}/login", OfConnection: h.begin, Kind: kindLogin, WhileOff: true},
		{Pattern: "POST /sso/{connection}/saml/acs", OfConnection: h.samlACS, Kind: "acs", FromAnywhere: true, WhileOff: true, Presumes: true, Beside: true},
		{Pattern: "GET /sso/{connection}/saml/finish", OfConnection: h.samlFinish, Kind: "finish", WhileOff: true, Presumes: true},
		{Pattern: "GET /sso/{connection}/oidc/callback", OfConnection: h.oidcCallback, Kind: "callback", WhileOff: true, Presumes: true, Beside: true},
	}
}

// kindLogin is what the beginning of a sign-in is counted as, by whatever way.
const kindLogin = "login"
