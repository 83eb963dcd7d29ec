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

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/worker"
)

// ReadyTimeout bounds the look at the database behind /readyz.
const ReadyTimeout = 2 * time.Second

// handler serves everything that the server has.
func (s *System) handler(work *worker.Worker) http.Handler {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "deskbridge_http_request_seconds", Help: "How long requests took, by what was asked and how it ended.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 10),
	}, []string{"route", "method", "status"})
	registry.MustRegister(requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), accountStates{s}, tokenTimes{s})
	registry.MustRegister(work.Collectors()...)

	options := scim.Options{PublicURL: s.Settings.PublicURL, Log: s.Log, RequestID: requestID, ClientAddress: s.SignIn.ClientAddress,
		Fetch:  fetch.New(fetch.Options{AllowHosts: s.Settings.Hosts()}),
		Limits: scim.Limits{MaxBody: int64(s.Settings.SCIMMaxBody), RatePerSecond: float64(s.Settings.SCIMRate)}}
	provider := scim.New(scimCore(s.Core), options)
	registry.MustRegister(s.SignIn.Collectors()...)
	mux := http.NewServeMux()
	mux.Handle(TokenPath, scim.TokenEndpoint(scimCore(s.Core), options))
	mux.Handle("/sso/", s.SignIn)
	mux.Handle("/desk/v2/", s.Builtin.Handler(builtin.Options{PublicURL: s.Settings.PublicURL, Log: s.Log}))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "Deskbridge; SCIM is at "+s.Settings.PublicURL+"/scim/{connection}/v2")
	})
	return s.Observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/scim/") {
			provider.ServeHTTP(w, r) // it answers odd paths itself; the mux would redirect them
			return
		}
		mux.ServeHTTP(w, r)
	}), requests)
}

func (s *System) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), ReadyTimeout)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "err", err)
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

// TokenPath is where OAuth clients get access tokens.
const TokenPath = "/oauth/token"
