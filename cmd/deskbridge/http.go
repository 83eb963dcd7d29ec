package main

import (
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout bounds the look at the database behind /readyz.
const readyTimeout = 2 * time.Second

// handler serves everything that the server has.
func (s *system) handler(work *worker.Worker) http.Handler {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "deskbridge_http_request_seconds", Help: "How long requests took, by what was asked and how it ended.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 10),
	}, []string{"route", "method", "status"})
	registry.MustRegister(requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), accountStates{s}, tokenTimes{s})
	registry.MustRegister(work.Collectors()...)

	options := scim.Options{PublicURL: s.settings.PublicURL, Log: s.log, RequestID: requestID, ClientAddress: s.signIn.ClientAddress,
		Fetch:  fetch.New(fetch.Options{AllowHosts: s.settings.Hosts()}),
		Limits: scim.Limits{MaxBody: int64(s.settings.SCIMMaxBody), RatePerSecond: float64(s.settings.SCIMRate)}}
	provider := scim.New(scimCore(s.core), options)
	registry.MustRegister(s.signIn.Collectors()...)
	mux := http.NewServeMux()
	mux.Handle(tokenPath, scim.TokenEndpoint(scimCore(s.core), options))
	mux.Handle("/sso/", s.signIn)
	mux.Handle("/desk/v2/", s.builtin.Handler(builtin.Options{PublicURL: s.settings.PublicURL, Log: s.log}))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "Deskbridge; SCIM is at "+s.settings.PublicURL+"/scim/{connection}/v2")
	})
	return s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/scim/") {
			provider.ServeHTTP(w, r) // it answers odd paths itself; the mux would redirect them
			return
		}
		mux.ServeHTTP(w, r)
	}), requests)
}

func (s *system) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		s.log.WarnContext(ctx, "not ready", "err", err)
		answer(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	answer(w, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"status": text}) //nolint:errcheck // the client may be gone
}

type requestIDKey struct{}

// requestID returns the id of the request behind ctx, as the log has it.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// observe gives each request an id, logs and measures it, and keeps a panic
// from ending the process. Neither path segments that hold ids nor query
// strings are logged: filters hold names and addresses.
func (s *system) observe(next http.Handler, requests *prometheus.HistogramVec) http.Handler {
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
				s.log.ErrorContext(ctx, "panic", "request", id, "panic", p, "stack", string(debug.Stack()))
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
			s.log.Log(ctx, level, "request", "request", id, "method", r.Method, "route", route, "status", seen.status, "ms", took.Milliseconds())
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
	case path == tokenPath:
		return tokenPath
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

func (w *statusWriter) WriteHeader(status int) {
	if !w.written {
		w.status, w.written = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// accountStates reports how many accounts are in which state, read when asked.
type accountStates struct{ sys *system }

var accountsDesc = prometheus.NewDesc("deskbridge_accounts", "Accounts by desk and state.", []string{"desk", "state"}, nil)

// Describe is part of [prometheus.Collector].
func (accountStates) Describe(ch chan<- *prometheus.Desc) { ch <- accountsDesc }

// Collect is part of [prometheus.Collector].
func (a accountStates) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	counts, err := a.sys.store.CountAccounts(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accountsDesc, err)
		return
	}
	names, err := a.sys.names(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accountsDesc, err)
		return
	}
	for desk, states := range counts {
		for state, n := range states {
			ch <- prometheus.MustNewConstMetric(accountsDesc, prometheus.GaugeValue, float64(n), names.deskName(desk), string(state))
		}
	}
}

// quietLog sends what net/http has to say to the log, as debug: it is mostly
// clients that went away.
func quietLog(l *slog.Logger) *log.Logger {
	return slog.NewLogLogger(l.Handler(), slog.LevelDebug)
}
