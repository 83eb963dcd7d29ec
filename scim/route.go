package scim

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/clientaddr"
	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
	"github.com/deskbridge/deskbridge/scim/signed"
	"github.com/deskbridge/deskbridge/scim/turn"
)

// Options configures the service provider.
type Options struct {
	PublicURL string       // of the server, e.g. https://bridge.example.com; locations start with it
	Log       *slog.Logger // nil: the default logger
	Limits    Limits
	Fetch     *http.Client // fetches the keys of signed tokens; nil: from public servers only

	// RequestID returns the id of a request as the log knows it; nil: requests
	// have none.
	RequestID func(context.Context) string

	// ClientAddress returns where a request comes from, which is not the peer
	// behind a proxy; nil: the peer.
	ClientAddress func(*http.Request) netip.Addr
}

// New returns the SCIM service provider of every connection, to be mounted at
// /scim/. It serves {PublicURL}/scim/{connection}/v2/…, where {connection} is
// a connection's name or id.
func New(core Core, options Options) http.Handler {
	limits := options.Limits.withDefaults()
	h := &handler{
		core:      core,
		publicURL: strings.TrimRight(options.PublicURL, "/"),
		log:       options.Log,
		limits:    limits,
		requestID: options.RequestID,
		address:   options.ClientAddress,
		buckets:   newBuckets(limits.RatePerSecond, limits.Burst, time.Now),
		failures:  newFailures(time.Now),
		turns:     limits.turns(),
		now:       time.Now,
	}
	if h.log == nil {
		h.log = slog.Default()
	}
	if h.requestID == nil {
		h.requestID = noRequestID
	}
	if h.address == nil {
		h.address = clientaddr.Proxies(nil).Of
	}
	h.signed = signed.New(core.Settings, options.Fetch, h.log, h.now)
	return h.outermost(h.routes())
}

func noRequestID(context.Context) string { return "" }

// handler is what all routes share.
type handler struct {
	core      Core
	publicURL string
	log       *slog.Logger
	limits    Limits
	requestID func(context.Context) string
	address   func(*http.Request) netip.Addr
	buckets   *ratelimit.Limiter[provision.ConnectionID]
	failures  *failures
	turns     *turn.Turns
	signed    *signed.Tokens
	now       func() time.Time
}

// methods says what a route does with each HTTP method. HEAD is GET.
type methods map[string]func(*request) (answer, error)

// request is an authenticated request.
type request struct {
	*http.Request
	conn  provision.Connection
	token credential.Token
	id    string // of the request, as in the log
	query url.Values
	as    resource.Representation
	limit Limits
	turn  *turn.Turn // nil: it is part of a larger one
	line  *requestlog.Line

	confirm func() error           // whether the token is right; nil: it is, see [request.presume]
	counted provision.ConnectionID // as whose request it was counted; "" for nobody's yet
	sent    io.Reader              // the body as it comes, without a limit
	raw     []byte                 // the body, once it was read while the token was presumed: it may be needed again

	parsed resource.Object // the body, where it is part of a larger one; nil: it is still to be read
}

// answer is what a route gives back. A nil body is none.
type answer struct {
	status   int
	body     any
	etag     string
	location string
}

func (h *handler) routes() http.Handler {
	const root = "/scim/{connection}/v2"
	mux := http.NewServeMux()
	on := func(pattern string, m methods) {
		mux.Handle(root+pattern, h.serve(m))
		mux.Handle(root+pattern+"/{$}", h.serve(m))
	}
	for pattern, m := range h.resourceRoutes() {
		on(pattern, m)
	}
	on(bulkEndpoint, methods{"POST": h.bulk})
	on("/ServiceProviderConfig", methods{"GET": h.serviceProviderConfig})
	on("/ResourceTypes", methods{"GET": h.listResourceTypes})
	on("/ResourceTypes/{id}", methods{"GET": h.getResourceType})
	on("/Schemas", methods{"GET": h.listSchemas})
	on("/Schemas/{id}", methods{"GET": h.getSchema})

	on("/Me", methods{"GET": noSubject, "POST": noSubject, "PUT": noSubject, "PATCH": noSubject, "DELETE": noSubject})
	on("/.search", methods{"POST": h.search(resource.User, resource.Group)})
	on("/Users/.search", methods{"POST": h.search(resource.User)})
	on("/Groups/.search", methods{"POST": h.search(resource.Group)})
	on("", methods{"GET": h.listAll})

	mux.Handle(root+"/", h.serve(nil))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r.Body, scimerr.New(http.StatusNotFound, "There is nothing at this address; the base URL is …/scim/{connection}/v2."))
	})
	return mux
}

const bulkEndpoint = "/Bulk"

// resourceRoutes are the routes of resources, for single requests and for those
// in a bulk request.
func (h *handler) resourceRoutes() map[string]methods {
	return map[string]methods{
		"/Users":       {"GET": h.listUsers, "POST": h.createUser},
		"/Users/{id}":  {"GET": h.getUser, "PUT": h.replaceUser, "PATCH": h.patchUser, "DELETE": h.deleteUser},
		"/Groups":      {"GET": h.listGroups, "POST": h.createGroup},
		"/Groups/{id}": {"GET": h.getGroup, "PUT": h.replaceGroup, "PATCH": h.patchGroup, "DELETE": h.deleteGroup},
	}
}

// noSubject answers /Me. Its tokens belong to an identity provider and stand for
// no person, so that there is nobody to answer with (RFC 7644 §3.11 has 501 for
// this).
func noSubject(*request) (answer, error) {
	return answer{}, scimerr.New(http.StatusNotImplemented, "The token belongs to an identity provider and not to a person: there is no /Me. Read a person at /Users/{id}.")
}

// outermost turns panics into answers, and keeps the mux from redirecting
// paths that are not clean: clients do not follow, and the answer is no SCIM.
func (h *handler) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			h.log.ErrorContext(r.Context(), "scim: panic", "request", h.requestID(r.Context()), "panic", cause, "stack", string(debug.Stack()))
			writeError(w, scimerr.New(http.StatusInternalServerError, "Internal error."))
		}()
		if p := r.URL.Path; p != "/" && path.Clean(p) != strings.TrimSuffix(p, "/") {
			refuse(w, r.Body, scimerr.New(http.StatusNotFound, "There is nothing at this address."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve returns the handler of one route; m is nil for routes that lead
// nowhere. All of them look alike to a caller without a valid token.
func (h *handler) serve(m methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &request{Request: r, id: h.requestID(r.Context()), limit: h.limits, sent: r.Body, line: requestlog.Of(r.Context())}
		defer func() { req.turn.End() }() // when it is sent
		got, err := h.answer(w, req, m)
		if err != nil {
			h.fail(w, req, err)
			return
		}
		writeAnswer(w, got)
	})
}

func (h *handler) answer(w http.ResponseWriter, r *request, m methods) (answer, error) {
	if confirm, ok := r.presume(h, w); ok {
		got, err := h.admitted(w, r, m)
		switch not := confirm(); {
		case not == nil:
			return got, err
		case provision.IsUnavailable(not): // asked again, it would have the client wait once more
			return answer{}, not
		}
	}
	if err := h.authenticate(w, r); err != nil {
		return answer{}, err
	}
	return h.admitted(w, r, m)
}

// admitted answers a request whose token is right.
func (h *handler) admitted(w http.ResponseWriter, r *request, m methods) (answer, error) {
	if r.counted != r.conn.ID {
		if delay := h.buckets.Wait(r.conn.ID); delay > 0 {
			w.Header().Set("Retry-After", retryAfter(delay))
			return answer{}, scimerr.New(http.StatusTooManyRequests, "Too many requests; try again after the time in Retry-After.")
		}
		r.counted = r.conn.ID
	}
	if m == nil {
		return answer{}, scimerr.New(http.StatusNotFound, "There is nothing at this address.")
	}
	serve, ok := m[r.Method]
	if r.Method == http.MethodHead {
		serve, ok = m[http.MethodGet]
	}
	if !ok {
		w.Header().Set("Allow", allowed(m))
		return answer{}, scimerr.New(http.StatusMethodNotAllowed, "This address does not take "+r.Method+".")
	}
	if r.token.ReadOnly && !reads(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="scim", error="insufficient_scope", scope="scim"`)
		return answer{}, scimerr.New(http.StatusForbidden, "This token may read, and change nothing.")
	}
	most, err := h.checkRequest(w, r)
	if err != nil {
		return answer{}, err
	}
	if r.turn, err = h.turns.Begin(r.Context(), r.conn.ID); err != nil {
		return answer{}, err
	}
	if err := r.turn.Body(r.Context(), r.ContentLength, most); err != nil {
		return answer{}, err
	}
	return serve(r)
}

func allowed(m methods) string {
	names := slices.Collect(maps.Keys(m))
	if _, ok := m["GET"]; ok {
		names = append(names, "HEAD")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// retryAfter returns a wait in whole seconds, rounded up.
func retryAfter(delay time.Duration) string {
	return strconv.FormatInt(int64((delay+time.Second-1)/time.Second), 10)
}

// body reads the request's body as a JSON object.
func (r *request) body() (resource.Object, error) {
	if r.parsed != nil {
		return r.parsed, nil
	}
	if r.raw != nil {
		return resource.DecodeObject(r.raw)
	}
	raw, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, scimerr.InvalidSyntax("The request body could not be read to its end.")
	}
	if r.confirm != nil {
		r.raw = raw
	}
	return resource.DecodeObject(raw)
}

// cause says who asked for what, for the audit log.
func (r *request) cause(on string) provision.Cause {
	return provision.Cause{Actor: "scim:" + r.token.Name, Action: r.Method + " " + on, Request: r.id}
}
