package sso_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/browsertest"
)

// TestOwnFormsInABrowser has a real browser send off our own forms, on a host
// for which it has no Fetch metadata: plain http, and not localhost. policy is
// what a proxy in between makes of our Referrer-Policy.
func TestOwnFormsInABrowser(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	h.trusts(samltest.New("https://idp.example.test/metadata"), nil)
	_, enrolled, err := h.core.BreakGlass.Add(t.Context(), byTest, "root", "correct horse battery")
	h.must(err)

	at := func(t *testing.T, policy string) string {
		server := httptest.NewUnstartedServer(nil)
		_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
		public := "http://bridge." + browsertest.Loopback + ":" + port
		handler := sso.New(ssoCore(h.core), sso.Options{PublicURL: public, Log: slog.New(slog.NewJSONHandler(h.log, nil)), Fetch: fetch.Options{}, RequestID: numberOf,
			Limits: limit.Limits{PerSecond: 1e6, Burst: 1e6, ConnectionPerSecond: 1e6, ConnectionBurst: 1e6}})
		server.Config.Handler = numbered(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Sec-Fetch-Site") != "" {
				t.Error("the browser sends Fetch metadata: this test shows nothing")
			}
			if policy != "" {
				w = &otherPolicy{w, policy}
			}
			handler.ServeHTTP(w, r)
		}))
		server.Start()
		t.Cleanup(server.Close)
		return public
	}
	breakGlass := func(b *browsertest.Browser, public, code string) {
		b.Open(public + "/sso/break-glass")
		b.Fill("#name", "root")
		b.Fill("#password", "correct horse battery")
		b.Fill("#code", code)
		b.Click("button")
		b.UntilSees("Why was somebody refused?")
		b.Click("form[action='/sso/break-glass/end'] button")
		b.UntilSees("a recovery code")
	}

	t.Run("our policy", func(t *testing.T) {
		public, b := at(t, ""), browsertest.New(t)
		b.Open(public + "/sso/login")
		b.Fill("#email", "nobody@elsewhere.example")
		b.Click("button")
		b.UntilSees("There is no sign-in for this address here")
		breakGlass(b, public, enrolled.Codes[0])
	})
	t.Run("break-glass behind a proxy that has browsers hide the origin", func(t *testing.T) {
		breakGlass(browsertest.New(t), at(t, "no-referrer"), enrolled.Codes[1])
	})
}

// otherPolicy replaces the Referrer-Policy of an answer, as proxies do.
type otherPolicy struct {
	http.ResponseWriter
	policy string
}

func (o *otherPolicy) WriteHeader(status int) {
	o.Header().Set("Referrer-Policy", o.policy)
	o.ResponseWriter.WriteHeader(status)
}

var formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// TestFormToken posts the form of break-glass as browsers do that hide what site
// a form comes from. Only the browser that was shown the form gets through, and
// no other form does.
func TestFormToken(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	ours, other := h.browser(), h.browser()
	token := func(b *browser) string {
		found := formToken.FindStringSubmatch(b.get("/sso/break-glass").body)
		if found == nil {
			t.Fatal("the form has no token")
		}
		return found[1]
	}
	mine, theirs := token(ours), token(other)
	hidden := http.Header{"Origin": {"null"}}
	for _, tt := range []struct {
		name   string
		path   string
		header http.Header
		token  string
		reason string // "cross-site", or what comes after that check
	}{
		{"our form", "/sso/break-glass", hidden, mine, "break-glass"},
		{"our form to sign out", "/sso/break-glass/end", hidden, mine, ""},
		{"no token", "/sso/break-glass", hidden, "", "cross-site"},
		{"the token of another browser", "/sso/break-glass", hidden, theirs, "cross-site"},
		{"signing out with the token of another browser", "/sso/break-glass/end", hidden, theirs, "cross-site"},
		{"a token, from another site", "/sso/break-glass", http.Header{"Origin": {"https://evil.test"}}, mine, "cross-site"},
		{"a token, and Fetch metadata that tells of another site", "/sso/break-glass", http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}}, mine, "cross-site"},
		{"a form that needs none", "/sso/login", hidden, mine, "cross-site"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := url.Values{"name": {"root"}, "password": {"x"}, "code": {"1"}, "form_token": {tt.token}}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+tt.path, strings.NewReader(form.Encode()))
			h.must(err)
			r.Header = tt.header.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			before := len(h.log.String())
			p := ours.do(r)
			logged := h.log.String()[before:]
			if tt.reason == "" {
				if p.status != http.StatusOK {
					t.Errorf("%d %s", p.status, logged)
				}
				return
			}
			if p.status != http.StatusForbidden || !strings.Contains(logged, `"reason":"`+tt.reason+`"`) {
				t.Errorf("%d, want a refusal for %s: %s", p.status, tt.reason, logged)
			}
		})
	}
}
