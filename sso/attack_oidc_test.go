package sso_test

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"log/slog"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// beside returns a server of its own on the same core, which may fetch from
// these hosts and remembers nothing of any identity provider.
func (h *harness) beside(t testing.TB, allowed ...string) *harness {
	n := *h
	n.TB, n.allowed, n.log = t, allowed, &journal{}
	server := httptest.NewUnstartedServer(nil)
	n.url = "http://" + server.Listener.Addr().String()
	n.sso = n.replica(slog.New(slog.NewJSONHandler(n.log, nil)))
	server.Config.Handler = numbered(n.sso)
	server.Start()
	t.Cleanup(server.Close)
	return &n
}

// withProvider returns the harness with a provider of its own for a subtest.
func (h *harness) withProvider(t testing.TB) (*harness, *oidctest.Provider) {
	t.Helper()
	p := oidctest.New(t, "")
	h = h.beside(t, p.Host())
	h.owns(mallory)
	h.trustsOIDC(p, nil)
	return h, p
}

// oidcAnswers has the provider, or somebody in its name, answer in every way
// that oidctest knows.
func oidcAnswers(t *testing.T, l *ledger) {
	shared := newHarness(t, storetest.SQLite(t))
	shared.owns(mallory)
	shared.administrator(vera)
	for _, c := range oidctest.Cases() {
		if _, account := accountResults[c.ID]; account || c.Part != oidctest.SignIn {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			h, p := shared.withProvider(t)
			h.trustsOIDC(p, func(s *protocol.OIDC) { s.UserInfo = c.UserInfo })
			before := h.record(vera)
			b := h.browser()
			b.signedIn(b.signInOIDC(p, "/"), mallory)
			c.Set(p)
			b = h.browser()
			answer := b.signInOIDC(p, "/")
			result := signsIn
			if c.Accept {
				b.signedIn(answer, mallory)
			} else {
				reason := cmp.Or(atHTTP[c.ID], c.Reason)
				b.refused(answer, reason)
				result = refusedFor(reason)
			}
			if n := p.Requests("forbidden"); n > 0 {
				t.Errorf("%d requests went to where the attacker wanted", n)
			}
			h.unharmed(before)
			l.note(t, c.ID, c.Title, result)
		})
	}
}

func oidcFlows(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		h.owns(mallory)
		h.administrator(vera)
		play := func(id, title, reason string, attack func(h *harness, p *oidctest.Provider) (*browser, page)) {
			t.Run(id, func(t *testing.T) {
				h, p := h.withProvider(t)
				before := h.record(vera)
				b, answer := attack(h, p)
				b.refused(answer, reason)
				h.unharmed(before)
				l.note(t, id, title, refusedFor(reason))
			})
		}
		play("OS03", "the attacker's code and state in a fresh browser", "pending", func(h *harness, p *oidctest.Provider) (*browser, page) {
			query, b := h.browser().providerAnswer("acme", p), h.browser()
			return b, b.callback("acme", query)
		})
		play("OS04", "the attacker's code and state in a browser with its own sign-in", "pending", func(h *harness, p *oidctest.Provider) (*browser, page) {
			query, b := h.browser().providerAnswer("acme", p), h.browser()
			b.providerAnswer("acme", p)
			return b, b.callback("acme", query)
		})
		play("OS04b", "the attacker's code with the victim's state (login CSRF)", oidc.ReasonExchange, func(h *harness, p *oidctest.Provider) (*browser, page) {
			theirs, b := h.browser().providerAnswer("acme", p), h.browser()
			query := b.providerAnswer("acme", p)
			query.Set("code", theirs.Get("code"))
			return b, b.callback("acme", query)
		})
		play("OS04c", "the same, at a provider that does not look at PKCE", oidc.ReasonNonce, func(h *harness, p *oidctest.Provider) (*browser, page) {
			p.IgnorePKCE = true
			theirs, b := h.browser().providerAnswer("acme", p), h.browser()
			query := b.providerAnswer("acme", p)
			query.Set("code", theirs.Get("code"))
			return b, b.callback("acme", query)
		})
		play("OS05", "the callback again with the cookies of before, at a provider whose codes serve twice", "pending", func(h *harness, p *oidctest.Provider) (*browser, page) {
			p.ReuseCodes = true
			b := h.browser()
			query := b.providerAnswer("acme", p)
			thief := b.stolen()
			b.signedIn(b.callback("acme", query), mallory)
			return thief, thief.callback("acme", query)
		})
		play("OS05b", "the callback again after it was refused", "pending", func(h *harness, p *oidctest.Provider) (*browser, page) {
			b := h.browser()
			query := b.providerAnswer("acme", p)
			wrong := url.Values{"state": query["state"], "code": {"made-up"}, "iss": query["iss"]}
			b.refused(b.callback("acme", wrong), oidc.ReasonExchange)
			return b, b.callback("acme", query)
		})
		play("OS06", "the victim's code in the attacker's sign-in", oidc.ReasonExchange, func(h *harness, p *oidctest.Provider) (*browser, page) {
			p.User = oidctest.Victim()
			theirs := h.browser().providerAnswer("acme", p)
			b := h.browser()
			query := b.providerAnswer("acme", p)
			query.Set("code", theirs.Get("code"))
			return b, b.callback("acme", query)
		})
		play("OS06b", "the same, at a provider that does not look at PKCE", oidc.ReasonNonce, func(h *harness, p *oidctest.Provider) (*browser, page) {
			p.User, p.IgnorePKCE = oidctest.Victim(), true
			theirs := h.browser().providerAnswer("acme", p)
			b := h.browser()
			query := b.providerAnswer("acme", p)
			query.Set("code", theirs.Get("code"))
			return b, b.callback("acme", query)
		})
		play("OS15", "the answer by POST", "method", func(h *harness, p *oidctest.Provider) (*browser, page) {
			b := h.browser()
			return b, b.post("/sso/acme/oidc/callback", b.providerAnswer("acme", p), false)
		})
		play("OS16", "a state as long as a book", "pending", func(h *harness, p *oidctest.Provider) (*browser, page) {
			b := h.browser()
			query := b.providerAnswer("acme", p)
			query.Set("state", strings.Repeat("s", 100_000))
			return b, b.callback("acme", query)
		})
		oidcRequests(t, l, h)
		oidcRobust(t, l, h)
	})
}

// oidcRequests looks at what we send to the provider.
func oidcRequests(t *testing.T, l *ledger, h *harness) {
	t.Run("OI07", func(t *testing.T) {
		h, p := h.withProvider(t)
		b := h.browser()
		one, two := b.providerAnswer("acme", p), b.providerAnswer("acme", p)
		b.signedIn(b.callback("acme", one), mallory)
		b.signedIn(b.callback("acme", two), mallory)
		l.note(t, "OI07", "two tabs sign in at once", signsIn+", in both")
	})
	t.Run("OI08", func(t *testing.T) {
		h, p := h.withProvider(t)
		b := h.browser()
		seen := make(map[string]bool)
		for range 20 {
			b.providerAnswer("acme", p)
			sent := p.LastRequest()
			if sent.Get("code_challenge_method") != "S256" || len(sent.Get("code_challenge")) != 43 || sent.Get("response_type") != "code" {
				t.Errorf("sent %v", sent)
			}
			for _, name := range []string{"state", "nonce", "code_challenge"} {
				if value := sent.Get(name); len(value) < 43 || seen[value] { // 256 bits in base64
					t.Errorf("%s = %q, seen before: %t", name, value, seen[value])
				}
				seen[sent.Get(name)] = true
			}
		}
		l.note(t, "OI08", "PKCE in the request", "S256, new each time")
		l.note(t, "OI09", "nonce in the request", "256 bits, new each time")
		l.note(t, "OI10", "state in the request", "256 bits, new each time")
	})
	t.Run("OC02", func(t *testing.T) {
		h, p := h.withProvider(t)
		b := h.browser()
		b.signedIn(b.signInOIDC(p, "/"), mallory)
		b.signedIn(b.signInOIDC(p, "/"), mallory)
		l.note(t, "OC02", "a good sign-in, in a browser that is signed in", signsIn)
	})
}

func oidcRobust(t *testing.T, l *ledger, h *harness) {
	t.Run("OR01", func(t *testing.T) {
		h, p := h.withProvider(t)
		p.Sign = func(claims map[string]any) string { return oidctest.AttackerKey(rand.Text()).Sign(claims) }
		for range 30 {
			b := h.browser()
			b.refused(b.signInOIDC(p, "/"), oidc.ReasonSignature)
		}
		if n := p.Requests("/jwks"); n > 5 {
			t.Errorf("asked for keys %d times", n)
		}
		l.note(t, "OR01b", "30 tokens with unknown kids", refusedFor(oidc.ReasonSignature)+"; the provider is asked for keys 5 times at most")
	})
	t.Run("OR03", func(t *testing.T) {
		h, p := h.withProvider(t)
		b := h.browser()
		b.foreignHost("/sso/acme/login?via=oidc", "/sso/login")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/sso/acme/login?via=oidc", nil)
		b.must(err)
		r.Host = "evil.test"
		start := b.do(r)
		if _, err := p.Authorize(start.location); err != nil || p.LastRequest().Get("redirect_uri") != b.url+"/sso/acme/oidc/callback" {
			t.Errorf("redirect_uri %q, %v", p.LastRequest().Get("redirect_uri"), err)
		}
		l.note(t, "OR03", "Host and X-Forwarded-Host of an attacker", "used for nothing")
	})
	for i, to := range []string{"https://evil.test/", "//evil.test/", `/\evil.test`, "javascript:alert(1)", "https:evil.test"} {
		id := "OR1" + string(rune('1'+i))
		t.Run(id, func(t *testing.T) {
			h, p := h.withProvider(t)
			b := h.browser()
			answer := b.signInOIDC(p, to)
			b.staysHere(answer)
			b.signedIn(answer, mallory)
			l.note(t, id, "`return_to` with `"+to+"`", signsIn+", and stays here")
		})
	}
	t.Run("OR04", func(t *testing.T) {
		h, p := h.withProvider(t)
		for _, query := range []string{"", "state=", "code=x", "state=%00&code=x", "state=%ff&code=%ff", "state=a&state=b", "state=a;code=b", "%zz=1&state=a", "error=access_denied", "state=a&error=<script>alert(1)</script>"} {
			b := h.browser()
			b.providerAnswer("acme", p)
			answer := b.get("/sso/acme/oidc/callback?" + query)
			if answer.status >= 500 || b.who() != "" || strings.Contains(answer.body, "alert") {
				t.Errorf("%s: %d, signed in as %q", query, answer.status, b.who())
			}
		}
		l.note(t, "OR04", "callbacks of rubbish", "refused, never an error of our own")
	})
}

// oidcIssuers sets connections up with issuers that lead to where nobody should
// go.
func oidcIssuers(t *testing.T, l *ledger) {
	shared := newHarness(t, storetest.SQLite(t))
	shared.owns(mallory)
	for _, c := range oidctest.Cases() {
		if c.Part != oidctest.Discovery {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			p := oidctest.New(t, "")
			c.Set(p)
			h := shared.beside(t, p.Host())
			h.trustsOIDC(p, nil)
			b := h.browser()
			start := b.get("/sso/acme/login?via=oidc")
			result := signsIn
			if c.Accept {
				query, err := p.Authorize(start.location)
				b.must(err)
				b.signedIn(b.callback("acme", query), mallory)
			} else if reason, late := map[string]string{"OX07c": c.Reason, "OX07d": c.Reason}[c.ID]; late {
				query, err := p.Authorize(start.location) // it shows only when the address is to be fetched
				b.must(err)
				b.refused(b.callback("acme", query), reason)
				result = refusedFor(reason)
			} else {
				b.refused(start, "setup")
				if !strings.Contains(h.log.String(), c.Reason) {
					t.Errorf("the log does not say %s: %s", c.Reason, tail(h.log))
				}
				result = refusedFor("setup") + " (" + c.Reason + ")"
			}
			if n := p.Requests("forbidden"); n > 0 {
				t.Errorf("%d requests went to where nobody may ask", n)
			}
			l.note(t, c.ID, "an issuer: "+c.Title, result)
		})
	}
	t.Run("OX13", func(t *testing.T) {
		h, p := shared.withProvider(t)
		p.Handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(20 * time.Millisecond)
			w.WriteHeader(http.StatusInternalServerError)
		}
		for range 20 {
			b := h.browser()
			b.refused(b.get("/sso/acme/login?via=oidc"), "setup")
		}
		if n := p.Requests("/.well-known/openid-configuration"); n > 3 {
			t.Errorf("a provider that is out of order was asked %d times for 20 people", n)
		}
		l.note(t, "OX13", "20 people of a connection whose provider is out of order", "the provider is asked a few times at most")
	})
}
