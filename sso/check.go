package sso

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// ServeHTTP answers requests for paths under /sso/. All of them come through
// here, those for desks included.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.setHeaders(w.Header())
	if h.desks != nil && strings.HasPrefix(r.URL.Path, desksPath) {
		r.Pattern = desksPath
		switch {
		case !h.checkRequest(w, r, desksRoute):
		case !startsAtDesk(r.URL.Path):
			h.desks.ServeHTTP(w, r)
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusOK)
		case !h.site.Crowded(w, r, provision.Connection{}, "desk"):
			h.desks.ServeHTTP(w, r)
		}
		return
	}
	if h.checkRequest(w, r, h.routeOf(r)) {
		h.mux.ServeHTTP(&plainErrors{ResponseWriter: w, handler: h, request: r}, r)
	}
}

// setHeaders sets what every answer has, unless its room says otherwise.
func (h *Handler) setHeaders(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "strict-origin") // with less, browsers hide where our own forms come from; paths are nobody's to see
	header.Set("X-Frame-Options", "DENY")
	header.Set("Content-Security-Policy", web.PagePolicy)
	if h.site.Secure {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	} else { // development: identity providers may be on http as well
		header.Set("Content-Security-Policy", strings.Replace(web.PagePolicy, "https:", "https: http:", 1))
	}
}

// checkRequest reports whether a request may go on to its room. If not, it has
// been refused.
func (h *Handler) checkRequest(w http.ResponseWriter, r *http.Request, to web.Route) bool {
	if !to.EveryPage && h.site.TooFast(r) {
		w.Header().Set("Retry-After", "5")
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusTooManyRequests, Reason: "rate", Detail: "too many requests from one address"})
		return false
	}
	if !to.FromAnywhere && h.crossSite(r) && !(to.FormToken && web.HidesOrigin(r)) {
		h.refuseCrossSite(w, r)
		return false
	}
	return true
}

func (h *Handler) refuseCrossSite(w http.ResponseWriter, r *http.Request) {
	h.site.Refuse(w, r, web.Refusal{Status: http.StatusForbidden, Reason: "cross-site", Detail: "a request that changes something came from another site"})
}

// crossSite reports whether another site makes the browser change something here
// (Fetch metadata, else the Origin header, against the public URL).
func (h *Handler) crossSite(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return false
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

// connection returns the connection in the path, or answers that there is none,
// or that it is switched off, unless whileOff.
func (h *Handler) connection(w http.ResponseWriter, r *http.Request, whileOff bool) (provision.Connection, bool) {
	conn, err := h.core.Settings.Connection(r.Context(), r.PathValue("connection"))
	if err == nil && conn.Name != r.PathValue("connection") { // by id: URLs go by the name
		err = &provision.Error{Code: provision.NotFound}
	}
	switch {
	case web.IsCode(err, provision.NotFound):
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusNotFound, Reason: "connection", Detail: "there is no such connection"})
	case err != nil:
		h.site.Broken(w, r, err)
	case conn.SignIn.Disabled && !whileOff:
		h.site.SwitchedOff(w, r, conn)
	default:
		return conn, true
	}
	return conn, false
}
