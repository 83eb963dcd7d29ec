package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestHalfAnAnswerIsNotTheWhole checks that a client can tell an answer that was
// given up from one that is complete.
func TestHalfAnAnswerIsNotTheWhole(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s := &server.System{Log: log, Core: core.New(storetest.SQLite(t), core.Policy{}, log)}
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "requests"}, []string{"route", "method", "status", "connection"})
	web := httptest.NewServer(s.Observe(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"members":[`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}), requests))
	defer web.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("half an answer passes for all of it: %s", got)
	}
}

// TestRoutes looks at what logs and metrics call requests: each by the pattern
// that it has matched, and never by what it holds.
func TestRoutes(t *testing.T) {
	var log bytes.Buffer
	core := core.New(storetest.SQLite(t), core.Policy{}, slog.New(slog.DiscardHandler))
	signIn := sso.New(server.SSOCore(core), sso.Options{PublicURL: "https://help.example.test", Log: slog.New(slog.DiscardHandler)})
	s := &server.System{Log: slog.New(slog.NewJSONHandler(&log, nil)), Core: core, SignIn: signIn}
	desks := http.NewServeMux()
	desks.HandleFunc("GET /sso/idp/saml/{desk}/sso", func(http.ResponseWriter, *http.Request) {})
	signIn.Mount(desks)
	mux := http.NewServeMux()
	mux.Handle("/sso/", signIn)
	mux.Handle("/scim/", scim.New(scim.Core{Directory: core.Directory, Settings: core.Settings, Tokens: core.Tokens}, scim.Options{Log: slog.New(slog.DiscardHandler)}))
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	served := s.Observe(mux, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "requests"}, []string{"route", "method", "status", "connection"}))
	for _, tt := range []struct{ method, path, want string }{
		{http.MethodGet, "/sso/static/style.css", "/sso/static/style.css"},
		{http.MethodGet, "/sso/signed-out", "/sso/signed-out"},
		{http.MethodGet, "/sso/", "/sso/"},
		{http.MethodPost, "/sso/login", "/sso/login"},
		{http.MethodPost, "/sso/break-glass/end", "/sso/break-glass/end"}, // refused: it is from another site
		{http.MethodPost, "/sso/acme/saml/acs", "/sso/{connection}/saml/acs"},
		{http.MethodGet, "/sso/idp/saml/support/sso", "/sso/idp/saml/{desk}/sso"},
		{http.MethodGet, "/sso/idp/saml/support/other", "other"},
		{http.MethodGet, "/sso/acme/other", "other"},
		{http.MethodDelete, "/sso/login", "other"},
		{http.MethodGet, "/sso//login", "other"},
		{http.MethodGet, "/sso", "other"},
		{http.MethodGet, "/scim/acme/v2", "/scim/{connection}/v2"},
		{http.MethodGet, "/scim/acme/v2/", "/scim/{connection}/v2"},
		{http.MethodPost, "/scim/acme/v2/Users", "/scim/{connection}/v2/Users"},
		{http.MethodPatch, "/scim/acme/v2/Users/0a1b/", "/scim/{connection}/v2/Users/{id}"},
		{http.MethodPost, "/scim/acme/v2/Users/.search", "/scim/{connection}/v2/Users/.search"},
		{http.MethodGet, "/scim/acme/v2/Ada", "other"},
		{http.MethodGet, "/scim/acme", "other"},
		{http.MethodGet, "/", "/"},
		{http.MethodGet, "/ada@example.test", "other"},
	} {
		log.Reset()
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, http.NoBody)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		served.ServeHTTP(httptest.NewRecorder(), r)
		lines := bytes.Split(bytes.TrimSpace(log.Bytes()), []byte("\n"))
		var line struct{ Route string }
		if err := json.Unmarshal(lines[len(lines)-1], &line); err != nil || line.Route != tt.want {
			t.Errorf("%s %s is known as %q, want %q (%v)", tt.method, tt.path, line.Route, tt.want, err)
		}
	}
}
