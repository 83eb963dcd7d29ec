package sso_test

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// oneIsDown is a harness with two desks, of which "support" has confirmed the
// person's account and "down" never answers. Its clock can be set forward.
func oneIsDown(t *testing.T) (h *harness, idp *samltest.IdP, later func(time.Duration)) {
	t.Helper()
	h = newHarness(t, storetest.SQLite(t))
	idp = samltest.New(idpID)
	h.trusts(idp, nil)
	var ahead time.Duration
	h.now = func() time.Time { return time.Now().Add(ahead) }
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	h.sso = h.replica(slog.New(slog.NewJSONHandler(h.log, nil)))
	server.Config.Handler = numbered(h.sso)
	server.Start()
	t.Cleanup(server.Close)
	h.signsInToDesks()
	h.agent(idp.Person)
	h.deskOf("down", protocol.DeskSignIn{OIDC: &protocol.DeskOIDC{ClientID: "down", ClientSecret: deskSecret, RedirectURIs: []string{deskCallback}}})
	h.must(h.core.Entitlement.EvaluateDirty(t.Context(), h.conn.ID))
	return h, idp, func(d time.Duration) { ahead += d }
}

// signsIn answers the sign-in that a page leads to.
func (b *browser) signsIn(idp *samltest.IdP, p page) page {
	b.Helper()
	b.heads(p)
	v := b.begun(p, "acme")
	return v.answeredWith(v.good(idp, idp.Person))
}

// login goes on from the page that asks for the address, with all that is on it.
func (b *browser) login(p page, address string) page {
	b.Helper()
	if p.at.Path != "/sso/login" {
		b.Fatalf("%d at %s: want the page that asks for the address\n%s", p.status, p.at, p.body)
	}
	form := map[string][]string{"email": {address}}
	for _, field := range hiddenField.FindAllStringSubmatch(p.body, -1) {
		form[field[1]] = []string{html.UnescapeString(field[2])}
	}
	return b.post("/sso/login", form, false)
}

// TestOneDeskIsDown has one of two desks never answer: who goes to the other one
// does not wait for it, and who goes there is told which it is.
func TestOneDeskIsDown(t *testing.T) {
	h, idp, later := oneIsDown(t)

	t.Run("a SAML request of the other", func(t *testing.T) {
		b := h.on(t).browser()
		b.samlAnswerTo(b.signsIn(idp, b.login(b.get(h.asksBySAML("")), idp.Person)))
	})
	t.Run("an OpenID Connect request of the other", func(t *testing.T) {
		b := h.on(t).browser()
		b.authTime(b.signsIn(idp, b.login(b.get(authorizes()), idp.Person)))
	})
	t.Run("the page of desks", func(t *testing.T) {
		b := h.on(t).browser()
		p := b.signInSAML(idp, "/sso/")
		if p.at.Path != "/sso/" || !strings.Contains(p.body, "/sso/idp/saml/support/launch") || !strings.Contains(p.body, "down") {
			t.Errorf("%d at %s, want the page of desks\n%s", p.status, p.at, p.body)
		}
	})
	t.Run("forward auth of the other", func(t *testing.T) {
		h := h.on(t)
		proxy := h.behindProxy("support")
		b := h.browser()
		b.harness.url = proxy.url
		p := b.get(proxy.url + "/tickets/7")
		p = b.signsIn(idp, b.login(p, idp.Person))
		if p.body != "the desk shows /tickets/7" {
			t.Errorf("%d at %s\n%s", p.status, p.at, p.body)
		}
	})
	t.Run("forward auth of the one that is down", func(t *testing.T) {
		h := h.on(t)
		proxy := h.behindProxy("down")
		b := h.browser()
		b.harness.url = proxy.url
		p := b.signsIn(idp, b.login(b.get(proxy.url+"/tickets/7"), idp.Person))
		b.waitsFor(p, later)
	})
	t.Run("an OpenID Connect request of the one that is down", func(t *testing.T) {
		b := h.on(t).browser()
		p := b.signsIn(idp, b.login(b.get(authorizes("client_id", "down")), idp.Person))
		b.waitsFor(p, later)
	})
	t.Run("nobody says which desk it is", func(t *testing.T) {
		b := h.on(t).browser() // by now the account on the desk that is down is not a new one
		if p := b.signInSAML(idp, "/tickets/7"); p.at.Path != "/tickets/7" {
			t.Errorf("%d at %s, want to go on\n%s", p.status, p.at, p.body)
		}
	})
}

// waitsFor fails the test unless p has somebody wait for the desk that is down,
// and after some seconds names it and offers the other one.
func (b *browser) waitsFor(p page, later func(time.Duration)) {
	b.Helper()
	refresh := func(p page) string {
		_, to, _ := strings.Cut(p.header.Get("Refresh"), "url=")
		if p.at.Path != "/sso/waiting" || to == "" {
			b.Fatalf("%d at %s, refreshing %q: want the page that waits\n%s", p.status, p.at, p.header.Get("Refresh"), p.body)
		}
		return to
	}
	if strings.Contains(p.body, "does not answer") || !strings.Contains(p.body, "down") {
		b.Errorf("at first:\n%s", p.body)
	}
	p = b.get(refresh(p))
	later(6 * time.Second)
	p = b.get(refresh(p))
	refresh(p)
	if !strings.Contains(p.body, "down does not answer yet") || !strings.Contains(p.body, `href="/sso/idp/saml/support/launch"`) || !strings.Contains(p.body, `href="/sso/"`) {
		b.Errorf("after some seconds the page does not say what is the matter, and where else to go:\n%s", p.body)
	}
}

// behindProxy returns the harness behind a proxy that asks for a desk.
func (h *harness) behindProxy(desk string) *harness {
	h.Helper()
	n := *h
	server := httptest.NewUnstartedServer(nil)
	n.url = "http://" + server.Listener.Addr().String()
	ours := n.replica(slog.New(slog.NewJSONHandler(h.log, nil)))
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/sso/") {
			numbered(ours).ServeHTTP(w, r)
			return
		}
		ask := httptest.NewRequest(http.MethodGet, "/sso/forward-auth?sign_in=redirect&desk="+desk, nil)
		ask.Header.Set("X-Forwarded-Uri", r.URL.RequestURI())
		ask.Header["Cookie"] = r.Header["Cookie"]
		answer := httptest.NewRecorder()
		ours.ServeHTTP(answer, ask)
		if answer.Code != http.StatusOK {
			w.Header().Set("Location", answer.Header().Get("Location"))
			w.WriteHeader(answer.Code)
			return
		}
		io.WriteString(w, "the desk shows "+r.URL.RequestURI())
	})
	server.Start()
	h.Cleanup(server.Close)
	return &n
}

// TestFirstSignInWaits has a first sign-in make the person and their account:
// they wait for that, wherever they are heading.
func TestFirstSignInWaits(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	for _, name := range []string{"support", "sales"} {
		desk := h.deskOf(name, protocol.DeskSignIn{})
		_, err := h.core.Settings.AddRuleUnchecked(t.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Attribute: provision.AttributeJIT, Role: provision.RoleAgent})
		h.must(err)
	}
	if p := h.browser().signInSAML(idp, "/tickets/7"); p.at.Path != "/sso/waiting" || p.header.Get("Refresh") == "" {
		t.Errorf("%d at %s, want to wait for the accounts that are being made\n%s", p.status, p.at, p.body)
	}
}
