package server

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

type requestIDKey struct{}

// requestID returns the id of the request behind ctx, as the log has it.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Observe gives each request an id, logs and measures it, and keeps a panic
// from ending the process. Neither path segments that hold ids nor query
// strings are logged: filters hold names and addresses.
func (s *System) Observe(next http.Handler, requests *prometheus.HistogramVec) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.Must(uuid.NewV7()).String()
		ctx := context.WithValue(r.Context(), requestIDKey{}, id)
		r = r.WithContext(ctx) // muxes note in it which pattern has matched
		w.Header().Set("X-Request-Id", id)
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		start := time.Now()
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
			requests.WithLabelValues(route, methodOf(r.Method), strconv.Itoa(seen.status)).Observe(took.Seconds())
			level := slog.LevelInfo
			if route == "/metrics" || route == "/healthz" || route == "/readyz" {
				level = slog.LevelDebug
			}
			s.Log.Log(ctx, level, "request", "request", id, "method", r.Method, "route", route, "status", seen.status, "ms", took.Milliseconds())
			if p == http.ErrAbortHandler { // net/http breaks the connection: half an answer must not pass for all of it
				panic(p)
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// routeOf returns the path of an answered request without what names an object:
// for logs and metrics, where neither ids nor an attacker's inventions belong.
func routeOf(r *http.Request) string {
	path := r.URL.Path
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) == 1 && (parts[0] == "metrics" || parts[0] == "healthz" || parts[0] == "readyz"):
		return "/" + parts[0]
	case path == TokenPath:
		return TokenPath
	case len(parts) >= 4 && parts[0] == "scim":
		return "/scim/{connection}/v2/" + resourceOf(parts[3], len(parts) > 4)
	case len(parts) >= 3 && parts[0] == "desk":
		return "/desk/v2/…"
	case strings.HasPrefix(path, "/sso/"):
		return signInRoute(r.Pattern)
	}
	return "other"
}

// signInRoute is routeOf for what is below /sso/: the pattern that has matched
// last there, of the muxes within each other.
func signInRoute(pattern string) string {
	route := pattern[strings.IndexByte(pattern, ' ')+1:]
	switch route {
	case "", "/sso/", "/sso/idp/": // nothing is served there
		return "other"
	}
	return strings.TrimSuffix(route, "{$}")
}

func resourceOf(name string, single bool) string {
	for _, known := range []string{"Users", "Groups", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", "Me", ".search"} {
		if strings.EqualFold(name, known) {
			if single {
				return known + "/{id}"
			}
			return known
		}
	}
	return "other"
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
