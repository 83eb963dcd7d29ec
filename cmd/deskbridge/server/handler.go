package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/worker"
)

// handlers returns what serves everybody, and what serves the operators alone:
// metrics and health. Without a listener of their own, everybody's has metrics
// too.
func (s *System) handlers(work *worker.Worker, ready *readiness) (public, inside http.Handler) {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "deskbridge_http_request_seconds", Help: "How long requests took, by what was asked and how it ended.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 10),
	}, []string{"route", "method", "status", "connection"})
	registry.MustRegister(requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), accountStates{s}, tokenTimes{s}, standing{s}, unsealed{s}, accessTimes{s}, seatCounts{s}, ready.ahead, s.requestsDropped())
	registry.MustRegister(work.Collectors()...)

	options := scim.Options{PublicURL: s.Settings.PublicURL, Log: s.Log, RequestID: requestID, ClientAddress: s.SignIn.ClientAddress,
		Fetch:  fetch.New(fetch.Options{AllowHosts: s.Settings.Hosts()}),
		Limits: scim.Limits{MaxBody: int64(s.Settings.SCIMMaxBody), RatePerSecond: float64(s.Settings.SCIMRate)}}
	provider := scim.New(scimCore(s.Core), options)
	registry.MustRegister(s.SignIn.Collectors()...)
	mux := http.NewServeMux()
	mux.Handle(TokenPath, scim.TokenEndpoint(scimCore(s.Core), options))
	mux.Handle("/sso/", s.SignIn)
	s.Admin.API = api.New(apiCore(s.Core), api.Options{PublicURL: s.Settings.PublicURL, Log: s.Log, RequestID: requestID, ReadDraft: readDraft, Applied: s.OpenBuiltins, ReachDesk: s.ReachDesk, Command: s.Command}) // here: describing it is most of what a command would do
	mux.Handle("/api/", s.Admin)
	mux.Handle("/admin/", s.Admin)
	mux.Handle("/desk/v2/", s.Builtin.Handler(builtin.Options{PublicURL: s.Settings.PublicURL, Log: s.Log}))
	operators := http.NewServeMux()
	operators.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	for _, m := range []*http.ServeMux{mux, operators} {
		m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
		m.Handle("GET /readyz", ready)
	}
	if s.Settings.MetricsListen == "" {
		mux.Handle("GET /metrics", operators)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "Deskbridge; SCIM is at "+s.Settings.PublicURL+"/scim/{connection}/v2")
	})
	public = s.Observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/scim/") {
			provider.ServeHTTP(w, r) // it answers odd paths itself; the mux would redirect them
			return
		}
		mux.ServeHTTP(w, r)
	}), requests)
	return public, s.Observe(operators, requests)
}

// bounded ends the context of each request after limit.
func bounded(next http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"status": text}) //nolint:errcheck // the client may be gone
}

// TokenPath is where OAuth clients get access tokens.
const TokenPath = "/oauth/token"
