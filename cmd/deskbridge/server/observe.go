package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/request"
)

type requestIDKey struct{}

// requestID returns the id of the request behind ctx, as the log has it.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Observe gives each request an id, logs and measures it, with what whoever
// answered has noted of it, and keeps a panic from ending the process. Neither path segments that hold ids nor query
// strings are logged: filters hold names and addresses.
func (s *System) Observe(next http.Handler, requests *prometheus.HistogramVec) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.Must(uuid.NewV7()).String()
		ctx, line := requestlog.With(context.WithValue(r.Context(), requestIDKey{}, id))
		r = r.WithContext(ctx) // muxes note in it which pattern has matched
		w.Header().Set("X-Request-Id", id)
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		start, at := time.Now(), s.Core.Now()
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				s.Log.ErrorContext(ctx, "panic", "request", id, "panic", p, "stack", string(debug.Stack()))
				if !seen.written {
					answer(seen, http.StatusInternalServerError, "internal error; the log has it under request "+id)
				}
			}
			took := time.Since(start)
			route := routeOf(r)
			s.keepRequest(r, line, request.Record{ID: id, At: at, Took: took, Method: methodOf(r.Method), Route: route, Status: seen.status})
			requests.WithLabelValues(route, methodOf(r.Method), strconv.Itoa(seen.status), line.Connection()).Observe(took.Seconds())
			level := slog.LevelInfo
			if route == "/metrics" || route == "/healthz" || route == "/readyz" {
				level = slog.LevelDebug
			}
			s.Log.LogAttrs(ctx, level, "request", append([]slog.Attr{slog.String("request", id), slog.String("method", r.Method), slog.String("route", route),
				slog.Int("status", seen.status), slog.Int64("ms", took.Milliseconds())}, line.Attrs()...)...)
			if p == http.ErrAbortHandler { // net/http breaks the connection: half an answer must not pass for all of it
				panic(p)
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// keepRequest hands a request to the request log, with what whoever answered has
// noted of it: those of identity providers, and of people who sign in.
func (s *System) keepRequest(r *http.Request, line *requestlog.Line, kept request.Record) {
	verb := request.Verb(line.Get("did"))
	if verb == requestlog.Unknown && !strings.HasPrefix(r.URL.Path, "/scim/") && r.URL.Path != TokenPath {
		return
	}
	kept.Connection = provision.ConnectionID(line.ConnectionID())
	kept.Token, kept.Verb, kept.Detail, kept.Reason = line.Get("token"), verb, line.Get("detail"), line.Get("reason")
	kept.Code = cmp.Or(line.Get("scim_type"), line.Get("refused"))
	kept.Identity, kept.Group = provision.IdentityID(line.Get("identity")), provision.GroupID(line.Get("group"))
	kept.Holder = provision.IdentityID(line.Get("held_by"))
	if address := s.SignIn.ClientAddress(r); address.IsValid() {
		kept.Address = address.String()
	}
	if !kept.Refused() { // else nothing was done
		kept.Entries, kept.Accounts = line.Caused()
	}
	s.Core.Requests.Add(kept)
}

// routeOf returns the pattern that an answered request has matched last, of the
// muxes within each other: for logs and metrics, where neither ids nor an
// attacker's inventions belong. A pattern for whatever lies below it is that of
// nothing in particular.
func routeOf(r *http.Request) string {
	route := r.Pattern[strings.IndexByte(r.Pattern, ' ')+1:]
	if route == "" || strings.HasSuffix(route, "/") {
		return "other"
	}
	if route = strings.TrimSuffix(route, "{$}"); strings.HasPrefix(route, "/scim/") {
		route = strings.TrimSuffix(route, "/") // SCIM's are served either way
	}
	return route
}

func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status  int
	written bool
}

// WriteHeader is part of [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	if !w.written {
		w.status, w.written = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is part of [http.ResponseWriter].
func (w *statusWriter) Write(b []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
