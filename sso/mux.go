package sso

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// route is a [web.Route] behind its checks. All that the mux holds is made of
// them, and rooms have no other way to serve anything.
type route struct {
	web.Route
	handler *Handler
}

// newMux returns the mux of what the rooms serve. It panics when one of them
// says too little of a route.
func newMux(h *Handler) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range h.routes() {
		if mistake := mistakeIn(r); mistake != "" {
			panic("sso: " + r.Pattern + ": " + mistake)
		}
		mux.Handle(r.Pattern, &route{r, h})
	}
	return mux
}

// mistakeIn returns what a room has forgotten to say of a route; "" when nothing
// is missing.
func mistakeIn(r web.Route) string {
	ofConnection := strings.Contains(r.Pattern, "{connection}")
	_, path, _ := strings.Cut(r.Pattern, "/")
	switch {
	case !strings.HasPrefix(path, "sso/"):
		return "not below /sso/"
	case (r.Serve == nil) == (r.OfConnection == nil):
		return "needs either Serve or OfConnection"
	case ofConnection != (r.OfConnection != nil):
		return "{connection} and OfConnection go together"
	case ofConnection != (r.Kind != ""):
		return "{connection} and Kind go together"
	case r.Presumes && !ofConnection:
		return "what may be asked twice is of a connection"
	case r.Beside && !r.Presumes:
		return "what is looked up beside a request is what it presumes"
	case r.EveryPage && ofConnection:
		return "what is asked of a connection is counted by address"
	case strings.HasSuffix(path, "/"):
		return "ends in a slash: it would take in other paths"
	}
	return ""
}

// ServeHTTP answers a request that has passed [Handler.checkRequest].
func (e *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.FormToken && web.HidesOrigin(r) && !e.handler.site.HasFormToken(w, r) {
		e.handler.refuseCrossSite(w, r)
		return
	}
	unread := r.Method == http.MethodHead && !e.EveryPage && e.Kind != web.Uncrowded
	if e.OfConnection == nil {
		if !unread {
			e.Serve(w, r)
		}
		return
	}
	var counted provision.ConnectionID
	if e.Presumes && !unread {
		var answered bool
		if counted, answered = e.presume(w, r); answered {
			return
		}
	}
	conn, ok := e.handler.connection(w, r, e.WhileOff)
	if !ok || unread {
		return
	}
	if conn.ID == counted || e.admits(w, r, conn) {
		e.OfConnection(w, r, conn)
	}
}

// admits counts a request of a connection, and refuses it when there are too many.
func (e *route) admits(w http.ResponseWriter, r *http.Request, conn provision.Connection) bool {
	return e.Kind == web.Uncrowded || !e.handler.site.Crowded(w, r, conn, e.Kind)
}

// presume serves a request of a connection that was looked up a moment ago, and
// reports whether that is answered: if not, the connection has changed and
// nothing was done, but that the request was counted as one of a connection.
func (e *route) presume(w http.ResponseWriter, r *http.Request) (counted provision.ConnectionID, answered bool) {
	name := r.PathValue("connection")
	under, conn, confirm, ok := e.handler.core.Settings.PresumeConnection(r.Context(), name)
	if !ok || conn.Name != name || conn.SignIn.Disabled && !e.WhileOff {
		return "", false
	}
	body, ok := readAhead(r)
	if !ok {
		return "", false
	}
	if e.Beside {
		said := make(chan error, 1)
		go func(look func() error) { said <- look() }(confirm)
		confirm = sync.OnceValue(func() error { return <-said })
	}
	held := &heldAnswer{header: w.Header().Clone(), status: http.StatusOK}
	presuming := r.WithContext(web.Presuming(under, confirm))
	r.Body, presuming.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	if e.admits(held, presuming, conn) {
		counted = conn.ID
		e.OfConnection(held, presuming, conn)
	}
	switch not := confirm(); {
	case not == nil:
		held.release(w)
	case provision.IsUnavailable(not): // asked again, it would have them wait once more
		e.handler.site.Broken(w, r, not)
	default:
		return counted, false
	}
	return counted, true
}

// mostPresumed is how much of a body is read on a guess, in bytes: the answers of
// most identity providers are a tenth of it.
const mostPresumed = 64 << 10

// readAhead reads the body of a request that may be asked twice; false when it is too
// long for that, says no length, or cannot be read, which is then seen by whoever
// reads the rest.
func readAhead(r *http.Request) ([]byte, bool) {
	if r.ContentLength < 0 || r.ContentLength > mostPresumed {
		return nil, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
		return nil, false
	}
	return body, true
}

// routeOf returns how the checks are to treat a request: what no room serves,
// and what the mux redirects, gets all of them.
func (h *Handler) routeOf(r *http.Request) web.Route {
	served, pattern := h.mux.Handler(r)
	e, ok := served.(*route)
	if !ok {
		return web.Route{}
	}
	r.Pattern = pattern // for metrics, should a check refuse it
	return e.Route
}
