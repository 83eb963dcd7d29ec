package sso

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/sso/breakglass"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/flow"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/logout"
	"github.com/deskbridge/deskbridge/sso/portal"
	"github.com/deskbridge/deskbridge/sso/recheck"
	"github.com/deskbridge/deskbridge/sso/web"
)

// Options say where a Handler stands.
type Options struct {
	PublicURL string // what browsers see, without a slash at the end; never taken from a request
	Log       *slog.Logger
	RequestID func(context.Context) string // the reference on error pages, which the log has too

	Fetch          fetch.Options  // which hosts may be asked over http or at private addresses
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Limits         limit.Limits

	Now func() time.Time // nil: the system's clock
}

// Handler serves everything under /sso/. It is safe for concurrent use.
type Handler struct {
	core       Core
	site       *web.Site
	clients    *client.Clients
	flow       *flow.Handler
	logout     *logout.Handler
	portal     *portal.Handler
	breakGlass *breakglass.Handler
	recheck    *recheck.Rechecker

	mux   *http.ServeMux
	desks http.Handler // nil until [Handler.Mount]
}

// New returns the Handler for core.
func New(core Core, o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	site := web.New(web.Core{Sessions: core.Sessions, SignIn: core.SignIn}, web.Options{PublicURL: o.PublicURL, Log: o.Log, RequestID: o.RequestID,
		TrustedProxies: o.TrustedProxies, Limits: o.Limits, Now: o.Now})
	clients := client.New(client.Core{Sessions: core.Sessions, Settings: core.Settings}, site, o.Fetch)
	h := &Handler{core: core, site: site, clients: clients, flow: flow.New(flow.Core{Sessions: core.Sessions, Settings: core.Settings, SignIn: core.SignIn}, site, clients), logout: logout.New(logout.Core{Sessions: core.Sessions}, site, clients),
		portal: portal.New(portal.Core{Entitlement: core.Entitlement, Seats: core.Seats, Sessions: core.Sessions}, site), breakGlass: breakglass.New(breakglass.Core{Audit: core.Audit, BreakGlass: core.BreakGlass, Settings: core.Settings}, site, clients)}
	h.recheck = recheck.New(recheck.Core{Expiry: core.Expiry, Settings: core.Settings}, clients, o.Log, o.Now)
	h.mux = newMux(h)
	return h
}

// routes returns what all rooms serve.
func (h *Handler) routes() []web.Route {
	return slices.Concat(h.site.Routes(), h.clients.Routes(), h.flow.Routes(), h.logout.Routes(), h.portal.Routes(), h.breakGlass.Routes())
}

// Collectors returns the metrics of signing in.
func (h *Handler) Collectors() []prometheus.Collector {
	return slices.Concat(h.site.Collectors(), h.clients.Collectors(), h.breakGlass.Collectors())
}

// Flow returns what takes people through a sign-in.
func (h *Handler) Flow() *flow.Handler { return h.flow }

// ClientAddress returns where a request comes from: the peer, or behind proxies
// that are trusted the last address that none of them added.
func (h *Handler) ClientAddress(r *http.Request) netip.Addr { return h.site.ClientAddress(r) }

// Recheck asks OpenID providers about everybody who is due to be asked about, as
// [Handler.Run] does now and then.
func (h *Handler) Recheck(ctx context.Context) error { return h.recheck.Round(ctx) }

// Clients returns the identity providers of the connections.
func (h *Handler) Clients() *client.Clients { return h.clients }
