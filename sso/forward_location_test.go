package sso_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// deep is a path with all that a proxy, a query or a browser could cut off.
const deep = "/Ticket/Display.html?id=7&Order=DESC;Page=2&q=a%26b+c%3B#not-sent"

// TestForwardAuthSaysWhereToGo asks as proxies do, in the headers that each of
// them sends.
func TestForwardAuthSaysWhereToGo(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	asked := strings.TrimSuffix(deep, "#not-sent")
	back := h.url + "/sso/login?return_to=" + url.QueryEscape(asked)
	nowhere := h.url + "/sso/login"
	public, err := url.Parse(h.url)
	h.must(err)
	for _, tt := range []struct {
		name, query string
		header      map[string]string
		status      int
		want        string
	}{
		{"nginx", "", map[string]string{"X-Original-URI": asked}, http.StatusUnauthorized, back},
		{"Traefik, Caddy", "", map[string]string{"X-Forwarded-Uri": asked, "X-Forwarded-Method": "GET", "X-Forwarded-Host": public.Host}, http.StatusUnauthorized, back},
		{"the same, to be redirected", "?sign_in=redirect", map[string]string{"X-Forwarded-Uri": asked, "X-Forwarded-Method": "GET", "X-Forwarded-Host": public.Host}, http.StatusFound, back},
		{"the port is left out", "", map[string]string{"X-Forwarded-Uri": asked, "X-Forwarded-Host": public.Hostname()}, http.StatusUnauthorized, back},
		{"a proxy that says nothing", "", nil, http.StatusUnauthorized, nowhere},
		{"a form is not redirected", "?sign_in=redirect", map[string]string{"X-Forwarded-Uri": asked, "X-Forwarded-Method": "POST"}, http.StatusUnauthorized, back},
		{"a script is not redirected", "?sign_in=redirect", map[string]string{"X-Forwarded-Uri": asked, "Sec-Fetch-Mode": "cors"}, http.StatusUnauthorized, back},
		{"a browser that opens a page is", "?sign_in=redirect", map[string]string{"X-Forwarded-Uri": asked, "Sec-Fetch-Mode": "navigate"}, http.StatusFound, back},
		{"another host", "", map[string]string{"X-Forwarded-Uri": asked, "X-Forwarded-Host": "evil.test"}, http.StatusUnauthorized, nowhere},
		{"a URL", "", map[string]string{"X-Original-URI": "https://evil.test/"}, http.StatusUnauthorized, nowhere},
		{"two slashes", "", map[string]string{"X-Original-URI": "//evil.test/"}, http.StatusUnauthorized, nowhere},
		{"a backslash", "", map[string]string{"X-Forwarded-Uri": `/\evil.test/`}, http.StatusUnauthorized, nowhere},
		{"far too long", "", map[string]string{"X-Original-URI": "/" + strings.Repeat("a", 4000)}, http.StatusUnauthorized, nowhere},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/sso/forward-auth"+tt.query, nil)
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			h.sso.ServeHTTP(w, r)
			if got := w.Header().Get("Location"); w.Code != tt.status || got != tt.want {
				t.Errorf("%d to %s, want %d to %s", w.Code, got, tt.status, tt.want)
			}
		})
	}
}

// planted has a browser send what a proxy would say of the page that was asked
// for.
func planted(t *testing.T, l *ledger, h *harness) {
	t.Run("SR23", func(t *testing.T) {
		for _, header := range []string{"X-Original-Uri", "X-Forwarded-Uri"} {
			for _, to := range []string{"https://evil.test/", "//evil.test/", `/\evil.test/`, "/\t/evil.test/", "javascript:alert(1)", "https:evil.test", "http://us@evil.test"} {
				for _, query := range []string{"", "?desk=support", "?sign_in=redirect"} {
					r := httptest.NewRequest(http.MethodGet, "/sso/forward-auth"+query, nil)
					r.Header.Set(header, to)
					w := httptest.NewRecorder()
					h.sso.ServeHTTP(w, r)
					if got := w.Header().Get("Location"); got != h.url+"/sso/login" {
						t.Errorf("%s: %s leads to %s", header, to, got)
					}
				}
			}
		}
		l.note(t, "SR23", "forward auth, with another host in the header that names the page which was asked for", "leads to our own sign-in page, and back to no other host")
	})
}

// askingProxy is a reverse proxy before us and a desk, on one host. It asks us as
// Caddy's forward_auth and Traefik's ForwardAuth do: with the original request
// in X-Forwarded-*, and an answer beyond 2xx goes to the browser as it is.
func askingProxy(t *testing.T, ours http.Handler, desk http.HandlerFunc) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/sso/") {
			ours.ServeHTTP(w, r)
			return
		}
		ask := httptest.NewRequest(http.MethodGet, "/sso/forward-auth?desk=support&sign_in=redirect", nil)
		ask.Header = r.Header.Clone()
		for name, value := range map[string]string{"Method": r.Method, "Proto": "http", "Host": r.Host, "Uri": r.URL.RequestURI()} {
			ask.Header.Set("X-Forwarded-"+name, value)
		}
		answer := httptest.NewRecorder()
		ours.ServeHTTP(answer, ask)
		if answer.Code < 200 || answer.Code > 299 {
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			io.Copy(w, answer.Body)
			return
		}
		r.Header.Set("Remote-User", answer.Header().Get("Remote-User"))
		desk(w, r)
	}
}

// TestSignInBehindAnAskingProxy opens a page of a desk deep inside: it is where
// somebody lands after signing in, to the letter. Who has no account there is
// told so.
func TestSignInBehindAnAskingProxy(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New("https://idp.example.test/metadata")
	h.trusts(idp, nil)
	proxy := httptest.NewUnstartedServer(nil)
	h.url = "http://" + proxy.Listener.Addr().String()
	proxy.Config.Handler = askingProxy(t, numbered(h.replica(slog.New(slog.DiscardHandler))), func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "the desk shows "+r.Header.Get("Remote-User")+" "+r.URL.RequestURI())
	})
	proxy.Start()
	t.Cleanup(proxy.Close)
	desk, err := h.core.Settings.AddDesk(t.Context(), byTest, provision.Desk{Name: "support", Kind: builtin.Kind})
	h.must(err)
	person, _, err := h.core.Directory.CreateIdentity(t.Context(), h.conn.ID, byTest, pushed(idp.Person, "agent"))
	h.must(err)

	b := h.browser()
	asked := strings.TrimSuffix(deep, "#not-sent")
	p := b.get(asked)
	if p.status != http.StatusOK || p.at.Path != "/sso/login" || p.at.Query().Get("return_to") != asked {
		t.Fatalf("nobody is sent to sign in: %d at %s\n%s", p.status, p.at, p.body)
	}
	if p := b.signInSAML(idp, p.at.Query().Get("return_to")); p.at.Path != "/sso/" || !strings.Contains(p.body, "no account where") {
		t.Errorf("without an account: %d at %s\n%s", p.status, p.at, p.body)
	}
	_, err = h.core.Settings.AddRuleUnchecked(t.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
	h.must(err)
	h.must(h.core.Entitlement.EvaluateDirty(t.Context(), h.conn.ID))
	if p := b.get(asked); p.at.Path != "/sso/waiting" || p.at.Query().Get("return_to") != asked || !strings.Contains(p.body, "support") {
		t.Errorf("while the account is being made: %d at %s\n%s", p.status, p.at, p.body)
	}
	h.confirmAccess(person.ID)
	if p := b.get("/sso/waiting?return_to=" + url.QueryEscape(asked)); p.body != "the desk shows "+idp.Person+" "+asked {
		t.Errorf("with an account: %d %s", p.status, p.body)
	}
}

// FuzzForwardAuth has a proxy pass on whatever a browser has asked it for, on
// whatever host: nobody is sent anywhere but to our own sign-in page, and from
// there to no other host than ours.
func FuzzForwardAuth(f *testing.F) {
	h := newHarness(f, quiet(f))
	public, err := url.Parse(h.url)
	h.must(err)
	for _, seed := range []string{deep, "/", "//evil.test", `/\evil.test`, "/\t/evil.test", "https://evil.test/", "/%2F/evil.test", "/..//evil.test", "/?x=\x00", "/?\xff", "javascript:alert(1)"} {
		f.Add(seed, public.Host)
		f.Add(seed, "evil.test")
	}
	f.Fuzz(func(t *testing.T, asked, host string) {
		r := httptest.NewRequest(http.MethodGet, "/sso/forward-auth?sign_in=redirect", nil)
		r.Header.Set("X-Forwarded-Uri", asked)
		r.Header.Set("X-Forwarded-Host", host)
		w := httptest.NewRecorder()
		h.sso.ServeHTTP(w, r)
		at, err := url.Parse(w.Header().Get("Location"))
		if w.Code != http.StatusFound || err != nil || at.Scheme != public.Scheme || at.Host != public.Host || at.Path != "/sso/login" || at.Fragment != "" {
			t.Fatalf("%d to %q (%v)", w.Code, w.Header().Get("Location"), err)
		}
		back := at.Query().Get("return_to")
		if back != "" && back != asked {
			t.Errorf("%q has become %q", asked, back)
		}
		as := strings.Map(func(r rune) rune { // as browsers read it
			switch r {
			case '\t', '\n', '\r':
				return -1
			case '\\':
				return '/'
			}
			return r
		}, back)
		if back != "" && (!strings.HasPrefix(as, "/") || strings.HasPrefix(as, "//")) {
			t.Errorf("%q leads away from us", back)
		}
	})
}
