package sso

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/limit"
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
	core    *provision.Service
	site    *web.Site
	clients *client.Clients

	glass *glass
	tries *prometheus.CounterVec // of the break-glass sign-in

	apps   http.Handler // nil until [Handler.Mount]
	routes http.Handler
}

// New returns the Handler for core.
func New(core *provision.Service, o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	site := web.New(core, web.Options{PublicURL: o.PublicURL, Log: o.Log, RequestID: o.RequestID,
		TrustedProxies: o.TrustedProxies, Limits: o.Limits, Now: o.Now})
	h := &Handler{core: core, site: site, clients: client.New(core, site, o.Fetch), glass: newGlass(o.Now), tries: newTries()}
	h.routes = h.mux()
	return h
}

// Mount adds what serves desks under /sso/idp/.
func (h *Handler) Mount(apps http.Handler) { h.apps = apps }

func (h *Handler) mux() http.Handler {
	mux := http.NewServeMux()
	for _, name := range []string{"style.css", "submit.js"} { // by name: a pattern would take in a connection's paths
		mux.HandleFunc("GET /sso/static/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=3600")
			http.ServeFileFS(w, r, web.Static, "static/"+name)
		})
	}

	mux.HandleFunc("GET /sso/{$}", h.launch)
	mux.HandleFunc("GET /sso/login", h.ask)
	mux.HandleFunc("POST /sso/login", h.route)
	mux.HandleFunc("GET /sso/{connection}/login", h.begin)
	mux.HandleFunc("GET /sso/waiting", h.wait)
	mux.HandleFunc("GET /sso/signed-out", h.signedOut)

	mux.HandleFunc("GET "+client.KeysPath, h.clients.PublishKeys)
	mux.HandleFunc("GET /sso/{connection}/saml/metadata", h.clients.PublishMetadata)
	mux.HandleFunc("POST /sso/{connection}/saml/acs", h.samlAnswer)
	mux.HandleFunc("GET /sso/{connection}/saml/finish", h.samlFinish)
	mux.HandleFunc("GET /sso/{connection}/saml/slo", h.samlLogout)
	mux.HandleFunc("POST /sso/{connection}/saml/slo", h.samlLogout)

	mux.HandleFunc("GET /sso/{connection}/oidc/callback", h.oidcCallback)
	mux.HandleFunc("POST /sso/{connection}/oidc/backchannel-logout", h.oidcBackChannel)
	mux.HandleFunc("GET /sso/{connection}/oidc/frontchannel-logout", h.oidcFrontChannel)

	mux.HandleFunc("GET /sso/session", h.session)
	mux.HandleFunc("POST /sso/sessions/end", h.endOwn)
	mux.HandleFunc("GET /sso/logout", h.askLogout)
	mux.HandleFunc("POST /sso/logout", h.logout)
	mux.HandleFunc("/sso/forward-auth", h.forwardAuth)

	mux.HandleFunc("GET /sso/break-glass", h.breakGlass)
	mux.HandleFunc("POST /sso/break-glass", h.breakIn)
	mux.HandleFunc("POST /sso/break-glass/end", h.breakOut)
	return mux
}

// crossSite are the ends that other sites post to: the messages there prove
// themselves.
var crossSite = []string{"/saml/acs", "/saml/slo", "/oidc/backchannel-logout"}

// ServeHTTP answers requests for paths under /sso/.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Content-Security-Policy", web.PagePolicy)
	if h.site.Secure {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	} else { // development: identity providers may be on http as well
		header.Set("Content-Security-Policy", strings.Replace(web.PagePolicy, "https:", "https: http:", 1))
	}
	if !uncounted(r.URL.Path) && h.site.TooFast(r) {
		header.Set("Retry-After", "5")
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusTooManyRequests, Reason: "rate", Detail: "too many requests from one address"})
		return
	}
	if h.apps != nil && strings.HasPrefix(r.URL.Path, "/sso/idp/") {
		if !startsAtDesk(r.URL.Path) || !h.site.Crowded(w, r, provision.Connection{}, "desk") {
			h.apps.ServeHTTP(w, r)
		}
		return
	}
	if h.forged(r) {
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusForbidden, Reason: "cross-site", Detail: "a request that changes something came from another site"})
		return
	}
	h.routes.ServeHTTP(&plainErrors{ResponseWriter: w, handler: h, request: r}, r)
}

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

// forged reports whether another site makes the browser change something here
// (Fetch metadata, else the Origin header, against the public URL).
func (h *Handler) forged(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return false
	}
	if r.URL.Path == "/sso/forward-auth" {
		return false // it changes nothing, and a proxy may ask with what the browser asks a desk
	}
	for _, end := range crossSite {
		if strings.HasSuffix(r.URL.Path, end) {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != web.OriginOf(h.site.PublicURL)
}

// plainErrors turns the mux's own errors into pages.
type plainErrors struct {
	http.ResponseWriter
	handler *Handler
	request *http.Request
	muted   bool
}

// WriteHeader replaces the mux's 404 and 405, which it writes as plain text.
func (p *plainErrors) WriteHeader(status int) {
	plain := strings.HasPrefix(p.Header().Get("Content-Type"), "text/plain")
	if plain && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		p.muted = true
		reason := map[int]string{http.StatusNotFound: "path", http.StatusMethodNotAllowed: "method"}[status]
		p.handler.site.Refuse(p.ResponseWriter, p.request, web.Refusal{Status: status, Reason: reason, Detail: "nothing is served there in this way"})
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *plainErrors) Write(b []byte) (int, error) {
	if p.muted {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (p *plainErrors) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// uncounted reports whether a path is asked for at every page view of a desk,
// for everybody by one reverse proxy.
func uncounted(path string) bool {
	return path == "/sso/forward-auth" || path == "/sso/session" || strings.HasPrefix(path, "/sso/static/")
}

// ClientAddress returns where a request comes from.
func (h *Handler) ClientAddress(r *http.Request) netip.Addr { return h.site.ClientAddress(r) }

// Clients returns the identity providers of the connections.
func (h *Handler) Clients() *client.Clients { return h.clients }
