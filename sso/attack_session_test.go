package sso_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// sessionAttacks are about cookies and sessions, for both protocols.
func sessionAttacks(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		sessionsBy(t, l, h, "SH", idp.Person, func(*testing.T) (*harness, func(b *browser) page) {
			return h, func(b *browser) page { return b.signInSAML(idp, "/") }
		})
		sessionsBy(t, l, h, "OH", mallory, func(t *testing.T) (*harness, func(b *browser) page) {
			h, p := h.withProvider(t)
			return h, func(b *browser) page { return b.signInOIDC(p, "/") }
		})
		anyPath(t, l, h)
		planted(t, l, h)
		crossSite(t, l, h, idp)
	})
	cookies(t, l)
}

func sessionsBy(t *testing.T, l *ledger, h *harness, letters, person string, with func(t *testing.T) (*harness, func(b *browser) page)) {
	t.Run(letters+"01", func(t *testing.T) {
		h, signIn := with(t)
		attacker, b := h.on(t).browser(), h.on(t).browser()
		attacker.signedIn(signIn(attacker), person)
		at, err := url.Parse(h.url)
		h.must(err)
		planted := attacker.client.Jar.Cookies(at)
		for _, c := range append(planted, &http.Cookie{Name: "deskbridge_session", Value: "made-up"}) {
			b.client.Jar.SetCookies(at, []*http.Cookie{c})
		}
		if who := b.who(); who != "" {
			t.Errorf("a made-up cookie is %s", who)
		}
		b.signedIn(signIn(b), person)
		for _, c := range b.client.Jar.Cookies(at) {
			if c.Name == "deskbridge_session" && (c.Value == "made-up" || c.Value == valueOf(planted, c.Name) || len(c.Value) < 43) {
				t.Errorf("the session keeps the planted cookie %s", c.Value)
			}
		}
		l.note(t, letters+"01", "a session cookie that was planted before signing in (fixation)", "is replaced by a new one of 256 bits")
	})
	t.Run(letters+"01b", func(t *testing.T) {
		h, signIn := with(t)
		attacker := h.on(t).browser()
		attacker.signedIn(signIn(attacker), person)
		b := attacker.stolen()
		b.signedIn(signIn(b), person)
		if who := attacker.who(); who != "" {
			t.Errorf("the planted session lives on as %s", who)
		}
		l.note(t, letters+"01b", "a live session that was planted before signing in", "ends when the new one begins")
	})
	t.Run(letters+"02", func(t *testing.T) {
		h, signIn := with(t)
		b := h.on(t).browser()
		b.signedIn(signIn(b), person)
		thief := b.stolen()
		thief.signedIn(page{}, person)
		b.post("/sso/logout", url.Values{}, false)
		if who := thief.who(); who != "" {
			t.Errorf("the stolen cookie is still %s", who)
		}
		l.note(t, letters+"02", "a stolen cookie after signing out", "is worth nothing")
	})
	t.Run(letters+"02b", func(t *testing.T) {
		h, signIn := with(t)
		b, c := h.on(t).browser(), h.on(t).browser()
		b.signedIn(signIn(b), person)
		c.signedIn(signIn(c), person)
		b.post("/sso/sessions/end", url.Values{"session": {"all"}}, false)
		if b.who() != "" || c.who() != "" {
			t.Errorf("signed in as %q and %q", b.who(), c.who())
		}
		l.note(t, letters+"02b", "signing out everywhere", "ends all sessions of the person")
	})
	t.Run(letters+"05", func(t *testing.T) {
		h, signIn := with(t)
		b := h.on(t).browser()
		b.signedIn(signIn(b), person)
		_, err := h.core.Settings.SetSignIn(t.Context(), byTest, h.conn.Name, func(s *provision.SignIn) error { s.Disabled = true; return nil })
		h.must(err)
		defer h.set(func(s *provision.SignIn) { s.Disabled = false })
		if who := b.who(); who != "" {
			t.Errorf("still signed in as %s", who)
		}
		for _, path := range []string{"/sso/acme/login", "/sso/login?email=" + url.QueryEscape(person)} {
			b.refused(b.get(path), provision.RefusedDisabled)
		}
		l.note(t, letters+"05", "a connection that is switched off", "its sessions are over, "+refusedFor(provision.RefusedDisabled)+" to whoever comes")
	})
}

func valueOf(cookies []*http.Cookie, name string) string {
	for _, c := range cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// cookies looks at what is set behind https.
func cookies(t *testing.T, l *ledger) {
	t.Run("SH03", func(t *testing.T) { flags(t, l, "SH03") })
	t.Run("OH03", func(t *testing.T) { flags(t, l, "OH03") })
}

// flags signs somebody in at a server that browsers know by https, and looks at
// every cookie on the way.
func flags(t *testing.T, l *ledger, id string) {
	onEach(t, func(h *harness, t *testing.T) {
		idp, p := samltest.New(idpID), oidctest.New(t, "")
		h.owns(mallory)
		h.trusts(idp, nil)
		h.trustsOIDC(p, nil)
		server := httptest.NewUnstartedServer(nil)
		h = h.on(t)
		h.log = &journal{}
		h.url = "https://" + server.Listener.Addr().String()
		h.allowed = []string{p.Host()}
		h.sso = h.replica(slog.New(slog.NewJSONHandler(h.log, nil)))
		server.Config.Handler = numbered(h.sso)
		server.StartTLS()
		t.Cleanup(server.Close)
		b := h.browser()
		seen := &cookieLog{next: server.Client().Transport}
		b.client.Transport = seen
		if id == "SH03" {
			b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		} else {
			b.signedIn(b.signInOIDC(p, "/"), mallory)
		}
		for _, line := range seen.lines {
			for _, part := range []string{"__Host-deskbridge_", "Path=/;", "HttpOnly", "Secure", "SameSite=Lax"} {
				if !strings.Contains(line, part) {
					t.Errorf("a cookie without %s: %s", part, line)
				}
			}
			if strings.Contains(line, "Domain=") {
				t.Errorf("a cookie for a domain: %s", line)
			}
		}
		if len(seen.lines) < 2 {
			t.Errorf("only %d cookies were set", len(seen.lines))
		}
		l.note(t, id, "the cookies", "`__Host-`, Secure, HttpOnly, SameSite=Lax, no Domain")
	})
}

// cookieLog remembers the Set-Cookie headers that come by.
type cookieLog struct {
	next  http.RoundTripper
	lines []string
}

func (c *cookieLog) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(r)
	if err == nil {
		c.lines = append(c.lines, res.Header.Values("Set-Cookie")...)
	}
	return res, err
}

// insides are signs of what is inside of us.
var insides = regexp.MustCompile(`goroutine |panic|runtime error|\.go:\d|SQLSTATE|<\?xml|samlp:|no such table|gorm`)

// anyPath asks for everything in odd ways: there is no error of our own, and no
// page tells of what is inside.
func anyPath(t *testing.T, l *ledger, h *harness) {
	odd := []string{"%00", "%ff", "%F0%9F%92%A9", strings.Repeat("a", 3000), "..%2f..", "'", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"}
	t.Run("SH04", func(t *testing.T) {
		h := h.on(t)
		b := h.browser()
		h.try(b, http.MethodGet, "/sso/", "/sso", "/sso/nothing", "/sso//login", "/sso/acme", "/sso/acme/saml", "/sso/session/", "/sso/waiting", "/sso/signed-out", "/sso/logout", "/sso/static/", "/sso/static/none.css", "/sso/idp/", "/sso/idp/x/y")
		for _, o := range odd {
			h.try(b, http.MethodGet, "/sso/"+o+"/login", "/sso/"+o+"/saml/metadata", "/sso/acme/login?via="+o, "/sso/acme/login?return_to="+o, "/sso/login?email="+o, "/sso/login?email=a@"+o, "/sso/login?return_to="+o,
				"/sso/acme/saml/finish?answer="+o, "/sso/acme/saml/slo?SAMLRequest="+o, "/sso/acme/saml/slo?SAMLResponse="+o+"&RelayState="+o, "/sso/forward-auth?desk="+o, "/sso/waiting?return_to="+o)
			h.try(b, http.MethodPost, "/sso/login?"+o, "/sso/acme/saml/acs?"+o, "/sso/acme/saml/slo?"+o, "/sso/logout?"+o, "/sso/sessions/end?"+o)
		}
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodTrace, "BREW"} {
			h.try(b, method, "/sso/acme/saml/acs", "/sso/acme/saml/slo", "/sso/session", "/sso/login", "/sso/forward-auth")
		}
		l.note(t, "SH04", "odd paths, methods and parameters", "no 5xx, no stack, no XML, nothing echoed")
	})
	t.Run("OH04", func(t *testing.T) {
		h, p := h.withProvider(t)
		b := h.browser()
		signed := h.browser()
		signed.signedIn(signed.signInOIDC(p, "/"), mallory)
		for _, o := range odd {
			for _, b := range []*browser{b, signed} {
				h.try(b, http.MethodGet, "/sso/acme/oidc/callback?state="+o+"&code="+o, "/sso/acme/oidc/frontchannel-logout?iss="+url.QueryEscape(p.Issuer)+"&sid="+o,
					"/sso/forward-auth?desk="+o, "/sso/waiting?return_to="+o, "/sso/login?return_to="+o, "/sso/?"+o)
				h.try(b, http.MethodPost, "/sso/acme/oidc/backchannel-logout?logout_token="+o)
				if answer := b.post("/sso/sessions/end", url.Values{"session": {mustUnescape(o)}}, false); answer.status >= 500 {
					t.Errorf("session %s: %d", o, answer.status)
				}
			}
		}
		if who := signed.who(); who != mallory {
			t.Errorf("signed in as %q", who)
		}
		l.note(t, "OH04", "odd paths and parameters, signed in or not", "no 5xx, no stack, nothing echoed")
	})
}

func mustUnescape(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return text
}

func (h *harness) try(b *browser, method string, paths ...string) {
	h.Helper()
	for _, path := range paths {
		r, err := http.NewRequestWithContext(h.Context(), method, b.url+path, nil)
		h.must(err)
		p := b.do(r)
		if p.status >= 500 || insides.MatchString(p.body) || strings.Contains(p.body, "alert(1)") {
			h.Errorf("%s %.80s: %d\n%s\n%s", method, path, p.status, p.body, tail(b.log))
		}
		for _, header := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
			if p.header.Get(header) == "" {
				h.Errorf("%s %.80s: no %s", method, path, header)
			}
		}
	}
}

// crossSite has other sites make the browser change something here.
func crossSite(t *testing.T, l *ledger, h *harness, idp *samltest.IdP) {
	t.Run("SH06", func(t *testing.T) {
		h := h.on(t)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		for _, header := range []http.Header{
			{"Origin": {"https://evil.test"}}, {"Origin": {"null"}}, {"Sec-Fetch-Site": {"cross-site"}, "Origin": {h.url}}, {"Sec-Fetch-Site": {"same-site"}},
		} {
			for _, path := range []string{"/sso/logout", "/sso/sessions/end", "/sso/login"} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+path, strings.NewReader("session=all"))
				h.must(err)
				r.Header = header.Clone()
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				b.refusedPage(b.do(r), "cross-site")
			}
		}
		if b.who() != idp.Person {
			t.Error("signed out by another site")
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/sso/forward-auth", nil)
		h.must(err)
		r.Header.Set("Sec-Fetch-Site", "cross-site") // what the browser sends the desk, a proxy hands on
		if p := b.do(r); p.status != http.StatusOK {
			t.Errorf("forward-auth of a form that is posted to a desk: %d", p.status)
		}
		b.get("/sso/logout")
		if b.who() != idp.Person {
			t.Error("signed out by a link")
		}
		l.note(t, "SH06", "another site, or a link, signs somebody out", refusedFor("cross-site")+"; the session stays")
	})
}
