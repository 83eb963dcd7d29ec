package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/breakglass"
)

// Core is what this package asks of the core, and no more.
type Core struct {
	Administration *administration.Service
}

// Options say where a [Handler] stands, and how browsers are known.
type Options struct {
	PublicURL     string // what browsers see, without a slash at the end; never taken from a request
	Log           *slog.Logger
	RequestID     func(context.Context) string // the reference, which the log has too
	ClientAddress func(*http.Request) netip.Addr
	// BreakGlass returns the break-glass admin who is signed in in this browser, and
	// since when; Denied when none is.
	BreakGlass func(*http.Request) (breakglass.Admin, time.Time, error)
	// Person returns who is signed in in this browser; Denied when nobody is.
	Person func(*http.Request) (provision.Session, provision.Identity, provision.Connection, error)
	Now    func() time.Time // nil: the system's clock
}

// Handler serves what is below /api/ and /admin/. It is safe for concurrent use.
type Handler struct {
	// API serves what is below /api/, and Console what is below /admin/: requests
	// that were checked, with their [Actor] in the context, who may be nobody. A nil
	// one is not there. Set them before the Handler is used.
	API, Console http.Handler

	core    Core
	options Options
	origins *http.CrossOriginProtection
	limits  limits
}

// New returns the Handler for core.
func New(core Core, o Options) (*Handler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Handler{core: core, options: o, origins: http.NewCrossOriginProtection(), limits: newLimits(o.Now)}
	return h, h.origins.AddTrustedOrigin(originOf(o.PublicURL))
}

// originOf returns the origin of our public URL: what browsers call it in their
// Origin header, whatever a proxy makes of the Host.
func originOf(public string) string {
	scheme, rest, _ := strings.Cut(public, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// ServeHTTP checks a request, finds who asks, and hands it on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.setHeaders(w.Header())
	to := h.API
	if strings.HasPrefix(r.URL.Path, "/admin/") {
		to = h.Console
	}
	if to == nil {
		h.refuse(w, r, http.StatusNotFound, "not_found", "nothing is served here")
		return
	}
	address := ratelimit.Network(h.options.ClientAddress(r), ratelimit.Household)
	if !h.limits.requests.Allow(address) {
		h.slowDown(w, r)
		return
	}
	if err := h.origins.Check(r); err != nil {
		h.refuse(w, r, http.StatusForbidden, "cross-site", "a request that changes something came from another site")
		return
	}
	who, err := h.actor(r)
	switch {
	case isDenied(err):
		if !h.limits.wrong.Allow(address) {
			h.slowDown(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="Deskbridge admin API"`)
		h.refuse(w, r, http.StatusUnauthorized, ReasonCredentials, detail(err))
		return
	case provision.IsUnavailable(err):
		w.Header().Set("Retry-After", "5")
		h.refuse(w, r, http.StatusServiceUnavailable, "unavailable", detail(err))
		return
	case err != nil:
		h.options.Log.ErrorContext(r.Context(), "a request of the admin API or the console failed", "request", h.options.RequestID(r.Context()), "err", err)
		h.refuse(w, r, http.StatusInternalServerError, "internal", "internal error; the log has it under request "+h.options.RequestID(r.Context()))
		return
	}
	if changes(r) && who.Kind != "" && !h.limits.changes.Allow(who.actor) {
		h.slowDown(w, r)
		return
	}
	who.again = func(ctx context.Context) (*Actor, error) { return h.actor(r.WithContext(ctx)) }
	who.guess = func() bool { return h.limits.wrong.Allow(address) }
	who.Request = h.options.RequestID(r.Context())
	requestlog.Of(r.Context()).Set("actor", who.actor)
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	inner := r.WithContext(context.WithValue(r.Context(), actorKey{}, who))
	to.ServeHTTP(w, inner)
	r.Pattern = inner.Pattern // whoever observes requests goes by it
}

func (h *Handler) slowDown(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "10")
	h.refuse(w, r, http.StatusTooManyRequests, "limited", "too many requests; wait a moment")
}

// Problem is an error as programs are told it (RFC 9457).
type Problem struct {
	Type     string `json:"type"` // about:blank: the code says it
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Code     string `json:"code"`
	Hint     string `json:"hint,omitempty"`     // what to do
	Field    string `json:"field,omitempty"`    // at fault
	Instance string `json:"instance,omitempty"` // the id of the request, as the log has it
}

// refuse answers a request that goes no further.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, code, detail string) {
	requestlog.Of(r.Context()).Set("reason", code)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, //nolint:errcheck // the client may be gone
		Instance: h.options.RequestID(r.Context())})
}

func isDenied(err error) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return ok && e.Code == provision.Denied
}

func detail(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return e.Detail
	}
	return ""
}
