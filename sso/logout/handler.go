package logout

import (
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/web"
)

// Handler serves signing out. It is safe for concurrent use.
type Handler struct {
	core    Core
	site    *web.Site
	clients *client.Clients
}

// New returns the Handler for core.
func New(core Core, site *web.Site, clients *client.Clients) *Handler {
	return &Handler{core: core, site: site, clients: clients}
}

// Routes returns what the Handler serves.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /sso/logout", Serve: h.askLogout},
		{Pattern: "POST /sso/logout", Serve: h.logout},
		{Pattern: "GET /sso/signed-out", Serve: h.signedOut},
		{Pattern: "GET /sso/{connection}/saml/slo", OfConnection: h.samlLogout, Kind: "slo"},
		{Pattern: "POST /sso/{connection}/saml/slo", OfConnection: h.samlLogout, Kind: "slo", FromAnywhere: true},
		{Pattern: "POST /sso/{connection}/oidc/backchannel-logout", OfConnection: h.oidcBackChannel, Kind: "back-channel", FromAnywhere: true},
		{Pattern: "GET /sso/{connection}/oidc/frontchannel-logout", OfConnection: h.oidcFrontChannel, Kind: "front-channel"},
	}
}
