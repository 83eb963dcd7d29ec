package sso_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/web"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestExceptions holds every route that is spared a check. Whoever adds one
// thinks of why, and writes it down here.
func TestExceptions(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	const (
		everyPage = "not counted by address"
		anywhere  = "may come from other sites"
		uncrowded = "not counted by connection"
	)
	want := map[string]string{
		"GET /sso/static/style.css":                      everyPage,
		"GET /sso/static/submit.js":                      everyPage,
		"GET /sso/session":                               everyPage,
		"/sso/forward-auth":                              everyPage + ", " + anywhere,
		"POST /sso/{connection}/saml/acs":                anywhere,
		"POST /sso/{connection}/saml/slo":                anywhere,
		"POST /sso/{connection}/oidc/backchannel-logout": anywhere,
		"GET /sso/{connection}/saml/metadata":            uncrowded,
	}
	got := make(map[string]string)
	for _, r := range h.sso.Routes() {
		var spared []string
		for name, yes := range map[string]bool{everyPage: r.EveryPage, anywhere: r.FromAnywhere, uncrowded: r.Kind == web.Uncrowded} {
			if yes {
				spared = append(spared, name)
			}
		}
		if len(spared) > 1 && spared[0] != everyPage {
			spared[0], spared[1] = spared[1], spared[0]
		}
		if len(spared) > 0 {
			got[r.Pattern] = strings.Join(spared, ", ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes that are spared a check (-want +got):\n%s", diff)
	}
}

// asks returns a request that the route's pattern matches.
func asks(r web.Route) *http.Request {
	method, path, found := strings.Cut(r.Pattern, " ")
	if !found {
		method, path = http.MethodPost, r.Pattern
	}
	path = strings.NewReplacer("{connection}", "acme", "{$}", "").Replace(path)
	return httptest.NewRequest(method, path, http.NoBody)
}

// TestEveryRouteIsChecked walks all routes: each has the headers, is counted,
// and refuses what another site has a browser send.
func TestEveryRouteIsChecked(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	routes := h.sso.Routes()
	if len(routes) < 20 {
		t.Fatalf("only %d routes", len(routes))
	}
	limited := func(l limit.Limits) *sso.Handler {
		return sso.New(ssoCore(h.core), sso.Options{PublicURL: "https://help.example.test", Log: slog.New(slog.DiscardHandler), RequestID: numberOf, Limits: l})
	}
	headers := map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin", "Strict-Transport-Security": "max-age=31536000"}
	send := func(t *testing.T, to *sso.Handler, r *http.Request) *httptest.ResponseRecorder {
		t.Helper()
		w := httptest.NewRecorder()
		to.ServeHTTP(w, r)
		got := make(map[string]string)
		for name := range headers {
			got[name] = w.Header().Get(name)
		}
		if !maps.Equal(got, headers) || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || w.Header().Get("Cache-Control") == "" {
			t.Errorf("%s %s: the answer lacks headers: %v", r.Method, r.URL, w.Header())
		}
		return w
	}
	for _, route := range routes {
		t.Run(strings.ReplaceAll(route.Pattern, "/", "_"), func(t *testing.T) {
			plain := asks(route)
			if w := send(t, limited(limit.Limits{}), plain); w.Code >= 500 || plain.Pattern != route.Pattern {
				t.Errorf("answered with %d; the request is known as %q, want %q", w.Code, plain.Pattern, route.Pattern)
			}

			fromElsewhere := asks(route)
			fromElsewhere.Header.Set("Sec-Fetch-Site", "cross-site")
			changes := fromElsewhere.Method != http.MethodGet
			refused := send(t, limited(limit.Limits{}), fromElsewhere)
			if got, want := strings.Contains(refused.Body.String(), "Reference") && refused.Code == http.StatusForbidden, changes && !route.FromAnywhere; got != want {
				t.Errorf("from another site: refused %t with %d, want %t", got, refused.Code, want)
			}
			if changes && !route.FromAnywhere && fromElsewhere.Pattern != route.Pattern {
				t.Errorf("refused, the request is known as %q, want %q", fromElsewhere.Pattern, route.Pattern)
			}

			counting := limited(limit.Limits{PerSecond: 0.001, Burst: 1})
			send(t, counting, asks(route))
			if got, want := send(t, counting, asks(route)).Code == http.StatusTooManyRequests, !route.EveryPage; got != want {
				t.Errorf("counted by address: %t, want %t", got, want)
			}

			crowded := limited(limit.Limits{ConnectionPerSecond: 0.001, ConnectionBurst: 1})
			full := false
			for range 30 {
				full = full || send(t, crowded, asks(route)).Code == http.StatusTooManyRequests
			}
			throttled := route.Pattern == "POST /sso/break-glass" // tries have limits of their own
			if want := throttled || route.OfConnection != nil && route.Kind != web.Uncrowded; full != want {
				t.Errorf("counted by connection: %t, want %t", full, want)
			}
		})
	}
	for _, path := range []string{"/sso/nothing", "/sso/acme/saml", "/sso//login", "/sso/idp/saml"} {
		counting := limited(limit.Limits{PerSecond: 0.001, Burst: 1})
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if w := send(t, counting, r); w.Code != http.StatusForbidden {
			t.Errorf("%s, which no room serves, from another site: %d", path, w.Code)
		}
		if w := send(t, counting, httptest.NewRequest(http.MethodGet, path, http.NoBody)); w.Code != http.StatusTooManyRequests {
			t.Errorf("%s, which no room serves, is not counted: %d", path, w.Code)
		}
	}
}

// TestRoutesThatSayTooLittle has rooms forget something: the server would not
// start.
func TestRoutesThatSayTooLittle(t *testing.T) {
	serve := func(http.ResponseWriter, *http.Request) {}
	of := func(http.ResponseWriter, *http.Request, provision.Connection) {}
	for _, tt := range []struct {
		name  string
		route web.Route
		ok    bool
	}{
		{"one of ours", web.Route{Pattern: "GET /sso/a", Serve: serve}, true},
		{"one of a connection", web.Route{Pattern: "GET /sso/{connection}/a", OfConnection: of, Kind: "a"}, true},
		{"one that costs nothing", web.Route{Pattern: "GET /sso/{connection}/a", OfConnection: of, Kind: web.Uncrowded}, true},
		{"nobody answers", web.Route{Pattern: "GET /sso/a"}, false},
		{"two answer", web.Route{Pattern: "GET /sso/{connection}/a", Serve: serve, OfConnection: of, Kind: "a"}, false},
		{"a connection that is not looked up", web.Route{Pattern: "GET /sso/{connection}/a", Serve: serve}, false},
		{"a connection without a kind", web.Route{Pattern: "GET /sso/{connection}/a", OfConnection: of}, false},
		{"a kind without a connection", web.Route{Pattern: "GET /sso/a", Serve: serve, Kind: "a"}, false},
		{"a connection that is not counted by address", web.Route{Pattern: "GET /sso/{connection}/a", OfConnection: of, Kind: "a", EveryPage: true}, false},
		{"elsewhere", web.Route{Pattern: "GET /admin/a", Serve: serve}, false},
		{"a whole folder", web.Route{Pattern: "GET /sso/a/", Serve: serve}, false},
	} {
		if mistake := sso.MistakeIn(tt.route); (mistake == "") != tt.ok {
			t.Errorf("%s: %q", tt.name, mistake)
		}
	}
}
