package sso_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// long is text that no database can squeeze into an index.
func long(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()[:n]
}

// odd is text that is allowed, and that few have thought of.
const odd = "\u202e\ufffd\U0010ffff\u0085"

// oversized has identity providers send what is right in form, and too much.
// Databases differ in what they take: there is no error of our own in any case,
// and a good sign-in after it.
func oversized(t *testing.T, l *ledger) {
	set := func(path, key, value string) func(*etree.Element) {
		return func(a *etree.Element) {
			e := a.FindElement(path)
			if key == "" {
				e.SetText(value)
				return
			}
			e.CreateAttr(key, value)
		}
	}
	const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	answers := map[string]func(*etree.Element){
		"a NameID of 5,000 characters":    set(".//NameID", "", long(5000)),
		"a NameID of 50,000 characters":   set(".//NameID", "", long(50_000)),
		"a NameID with a long name":       set(".//NameID", "", long(5000)+"@corp.example.test"),
		"an odd NameID":                   set(".//NameID", "", odd),
		"a qualifier of 5,000 characters": set(".//NameID", "NameQualifier", long(5000)),
		"a format of 5,000 characters":    set(".//NameID", "Format", long(5000)),
		"a SessionIndex of 5,000":         set(".//AuthnStatement", "SessionIndex", long(5000)),
		"an odd SessionIndex":             set(".//AuthnStatement", "SessionIndex", odd),
		"an ID of 5,000 characters":       set(".", "ID", "_"+long(5000)),
		"an address with a long name":     setMail(long(5000) + "@corp.example.test"),
		"an address with a long domain":   setMail("a@" + long(5000) + ".test"),
		"a group of 20,000 characters":    inGroup(long(20_000)),
		"an odd group":                    inGroup(odd),
		"a long persistent NameID": func(a *etree.Element) {
			set(".//NameID", "Format", persistent)(a)
			set(".//NameID", "", long(5000))(a)
		},
	}
	claims := map[string]func(map[string]any){
		"sid":          func(c map[string]any) { c["sid"] = long(5000) },
		"email":        func(c map[string]any) { c["email"] = long(5000) + "@acme.example" },
		"name":         func(c map[string]any) { c["name"] = long(50_000) },
		"odd name":     func(c map[string]any) { c["name"] = odd },
		"odd sub":      func(c map[string]any) { c["sub"] = "\u202e\U0010ffff" },
		"long claim":   func(c map[string]any) { c[long(5000)] = "x" },
		"sub, in full": func(c map[string]any) { c["sub"] = strings.Repeat("\u00fc", 127) },
		"2,000 claims": func(c map[string]any) {
			for range 2000 {
				c[rand.Text()[:8]] = "x"
			}
		},
	}
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		for name, change := range answers {
			t.Run("SP35/"+name, func(t *testing.T) {
				v := h.on(t).browser().begins("acme")
				if p := v.answeredWith(v.changed(idp, "newcomer@corp.example.test", change)); p.status >= 500 {
					t.Errorf("%d: %s", p.status, tail(v.log))
				}
				b := v.harness.browser()
				b.signedIn(b.signInSAML(idp, "/"), idp.Person)
			})
		}
		for name, change := range claims {
			t.Run("OT35/"+name, func(t *testing.T) {
				h, p := h.withProvider(t)
				p.Claims = change
				b := h.browser()
				if answer := b.signInOIDC(p, "/"); answer.status >= 500 {
					t.Errorf("%d: %s", answer.status, tail(b.log))
				}
			})
		}
		l.note(t, "SP35", "names, indexes, groups and addresses that are far too long, or odd", "refused or taken, never an error of our own")
		l.note(t, "OT35", "claims that are far too long, or odd", "refused or taken, never an error of our own")
	})
}

// TestRate counts requests by address: an IPv6 network is one, a company
// behind one address is not kept out at nine in the morning, and what is asked
// at every page view is not counted.
func TestRate(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	limited := sso.New(ssoCore(h.core), sso.Options{PublicURL: h.url, Log: slog.New(slog.DiscardHandler), RequestID: numberOf, Limits: limit.Limits{PerSecond: 0.001, Burst: 5}})
	ask := func(from, path string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		limited.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return w.Code
	}
	for i := range 5 {
		from := fmt.Sprintf("[2001:db8:0:1::%x]:1", i)
		if code := ask(from, "/sso/login"); code != http.StatusOK {
			t.Fatalf("%s: %d", from, code)
		}
	}
	for _, tt := range []struct {
		from, path string
		want       int
	}{
		{"[2001:db8:0:1:ffff::1]:1", "/sso/login", http.StatusTooManyRequests},
		{"[2001:db8:0:2::1]:1", "/sso/login", http.StatusOK},
		{"192.0.2.1:1", "/sso/login", http.StatusOK},
		{"[2001:db8:0:1::1]:1", "/sso/session", http.StatusUnauthorized},
		{"[2001:db8:0:1::1]:1", "/sso/forward-auth", http.StatusUnauthorized},
	} {
		if got := ask(tt.from, tt.path); got != tt.want {
			t.Errorf("%s asks for %s: %d, want %d", tt.from, tt.path, got, tt.want)
		}
	}
}

// TestRateOfAConnection floods each end of a connection. Whoever comes from
// elsewhere goes on, and so do other connections and other ends.
func TestRateOfAConnection(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	h.trusts(samltest.New(idpID), nil)
	_, _, err := h.core.Settings.AddConnection(t.Context(), byTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
	h.must(err)
	still := time.Now()
	limited := sso.New(ssoCore(h.core), sso.Options{PublicURL: h.url, Log: slog.New(slog.DiscardHandler), RequestID: numberOf, Now: func() time.Time { return still },
		Limits: limit.Limits{ConnectionPerSecond: 1, ConnectionBurst: 3}})
	ask := func(from, method, path string) int {
		r := httptest.NewRequest(method, path, nil)
		r.RemoteAddr = from + ":1"
		w := httptest.NewRecorder()
		limited.ServeHTTP(w, r)
		return w.Code
	}
	const mine = 3 + 20 // the connection's, and each address's own
	for _, end := range []struct{ method, path string }{
		{http.MethodGet, "/login"}, {http.MethodPost, "/saml/acs"}, {http.MethodPost, "/saml/slo"}, {http.MethodGet, "/oidc/callback"}, {http.MethodPost, "/oidc/backchannel-logout"},
		{http.MethodGet, "/saml/finish"}, {http.MethodGet, "/oidc/frontchannel-logout"},
	} {
		t.Run(end.path, func(t *testing.T) {
			flood := "192.0.2.1"
			let := 0
			for range mine + 5 {
				if ask(flood, end.method, "/sso/acme"+end.path) != http.StatusTooManyRequests {
					let++
				}
			}
			if let > mine {
				t.Errorf("%d requests get through, want no more than %d", let, mine)
			}
			if got := ask(flood, end.method, "/sso/other"+end.path); got == http.StatusTooManyRequests {
				t.Error("another connection is kept from signing in")
			}
			if got := ask("198.51.100.7", end.method, "/sso/acme"+end.path); got == http.StatusTooManyRequests {
				t.Error("somebody else is kept from signing in")
			}
		})
	}
}

// TestRateOfDesks floods the ends to which browsers come from desks: each such
// request is kept until somebody has signed in. What desks ask themselves goes on.
func TestRateOfDesks(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	still := time.Now()
	limited := sso.New(ssoCore(h.core), sso.Options{PublicURL: h.url, Log: slog.New(slog.DiscardHandler), RequestID: numberOf, Now: func() time.Time { return still },
		Limits: limit.Limits{ConnectionPerSecond: 1, ConnectionBurst: 3}})
	limited.Mount(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	const mine = 3 + 20 // that of all desks, and each address's own
	let := make(map[string]int)
	for _, path := range []string{"saml/support/sso", "oidc/authorize", "saml/support/continue", "oidc/continue", "saml/support/launch", "oidc/end-session"} {
		for range mine {
			let["browsers"] += get(limited, "/sso/idp/"+path)
		}
	}
	for _, path := range []string{"saml/support/metadata", "oidc/token", "oidc/userinfo", "oidc/jwks", "oidc/.well-known/openid-configuration"} {
		for range mine {
			let["desks"] += get(limited, "/sso/idp/"+path)
		}
	}
	if let["browsers"] != mine || let["desks"] != 5*mine {
		t.Errorf("%d requests of browsers get through, want %d; and %d of desks, want %d", let["browsers"], mine, let["desks"], 5*mine)
	}
}

// get returns 1 when a request is let through.
func get(handler http.Handler, path string) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code == http.StatusTooManyRequests {
		return 0
	}
	return 1
}
