package sso_test

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestNeverAsked has an identity provider that never names our request, nor
// gives RelayState back: it is not asked for ever.
func TestNeverAsked(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = true })
	b := h.browser()
	p, rounds := b.get("/sso/acme/login?return_to=/tickets/7"), 0
	for ; p.status == http.StatusSeeOther; rounds++ {
		if rounds > 5 {
			t.Fatal("the identity provider is asked for ever")
		}
		p = b.answer(h.unsolicited(idp), "")
	}
	b.refused(p, "unasked")
	if rounds < 2 || rounds > 3 {
		t.Errorf("the identity provider was asked %d times, want 2 or 3", rounds)
	}
	// Once it is set right, the button on the page leads to where one was heading.
	if p := b.signsIn(idp, b.get(p.again(t))); p.at.Path != "/tickets/7" {
		t.Errorf("beginning anew leads to %s\n%s", p.at, p.body)
	}
	// Who comes by a tile now and then is not counted.
	for range 4 {
		if p := b.signsIn(idp, b.answer(h.unsolicited(idp), "")); b.who() != idp.Person || p.at.Path != "/sso/" {
			t.Fatalf("by a tile, now and then: %d at %s\n%s", p.status, p.at, p.body)
		}
	}
}

var againIn = regexp.MustCompile(`<a class="button" href="([^"]+)">Start again`)

// again is where a page that refuses begins anew.
func (p page) again(t testing.TB) string {
	t.Helper()
	found := againIn.FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no way on: %d\n%s", p.status, p.body)
	}
	return html.UnescapeString(found[1])
}

// TestBackAndReload has somebody who is signed in go back to the form of the
// identity provider, or load an answer again: they go on, and nothing is used.
func TestBackAndReload(t *testing.T) {
	idp := samltest.New(idpID)
	lands := func(b *browser, what string, p page, path string) {
		b.Helper()
		if p.at.Path != path || p.location != "" || p.status >= 400 && p.status != http.StatusNotFound || b.who() == "" {
			b.Errorf("%s: %d at %s, then to %q, signed in as %q; want to go on to %s\n%s", what, p.status, p.at, p.location, b.who(), path, p.body)
		}
	}
	h := newHarness(t, storetest.SQLite(t))
	h.trusts(idp, nil)
	for _, initiated := range []bool{false, true} {
		h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = initiated })
		b := h.browser()
		request, relay := b.pending("/sso/acme/login?return_to=/tickets/7")
		v := attempt{b, "acme", request, relay}
		form := v.good(idp, idp.Person)
		form.Set("RelayState", relay)
		finish := b.finishOf(form)
		lands(b, "SAML", b.get(finish), "/tickets/7")
		lands(b, "the form again", v.answeredWith(form), "/tickets/7")
		lands(b, "our own address again", b.get(finish), "/tickets/7")
		other := h.browser() // who is signed in, and is sent somebody else's answer
		other.signInSAML(idp, "/")
		other.refusedPage(other.postAnswer("acme", form, relay), "pending")
	}
	b := h.browser()
	form := h.unsolicited(idp)
	b.signsIn(idp, b.answer(form, "/tickets/8"))
	lands(b, "the form of a tile again", b.answer(form, "/tickets/8"), "/sso/")

	provider := oidctest.New(t, "")
	h = newHarness(t, storetest.SQLite(t), provider.Host())
	h.trustsOIDC(provider, nil)
	h.owns(mallory)
	b = h.browser()
	start := b.get("/sso/acme/login?return_to=/tickets/9")
	query, err := provider.Authorize(start.location)
	h.must(err)
	lands(b, "OpenID Connect", b.callback("acme", query), "/tickets/9")
	lands(b, "the callback again", b.callback("acme", query), "/tickets/9")
}

// TestLateAnswer has a genuine answer come when its sign-in is long over: a
// login page that was left open, or a bookmark of it. A new sign-in begins, and
// leads to where one was heading.
func TestLateAnswer(t *testing.T) {
	idp, provider := samltest.New(idpID), oidctest.New(t, "")
	h := newHarness(t, storetest.SQLite(t), provider.Host())
	h.trusts(idp, nil)
	h.trustsOIDC(provider, nil)
	h.owns(mallory)
	var ahead, coreAhead time.Duration
	h.now = func() time.Time { return time.Now().Add(ahead) }
	h.core = core.New(h.store, core.Policy{Now: func() time.Time { return time.Now().Add(coreAhead) }}, slog.New(slog.DiscardHandler))
	forgetPending := func() { coreAhead += 20 * time.Minute }
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	h.sso = h.replica(slog.New(slog.NewJSONHandler(h.log, nil)))
	server.Config.Handler = numbered(h.sso)
	server.Start()
	t.Cleanup(server.Close)

	for _, initiated := range []bool{false, true} {
		h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = initiated })
		b := h.browser()
		v := attempt{b, "acme", samltest.Request{}, ""}
		v.request, v.relay = b.pending("/sso/acme/login?via=saml&return_to=/tickets/7")
		forgetPending()
		late := v.good(idp, idp.Person)
		p := v.answeredWith(late)
		if b.who() != "" {
			t.Fatalf("a late answer signs %s in", b.who())
		}
		if p = b.signsIn(idp, p); p.at.Path != "/tickets/7" || b.who() != idp.Person {
			t.Errorf("a late answer: %d at %s, signed in as %q\n%s", p.status, p.at, b.who(), p.body)
		}
		// A bookmark, in a browser that knows of nothing any more.
		b = h.browser()
		v.browser = b
		if p = b.signsIn(idp, v.answeredWith(v.good(idp, idp.Person))); p.at.Path != "/sso/" || b.who() != idp.Person {
			t.Errorf("a bookmark: %d at %s, signed in as %q\n%s", p.status, p.at, b.who(), p.body)
		}
		// One that was used already, or is forged, begins nothing.
		b = h.browser()
		b.refused(b.postAnswer("acme", late, v.relay), map[bool]string{false: "pending", true: "in-response-to"}[initiated])
		m := idp.Message(v.request, idp.Person)
		idp.Sign(m.Assertion(), samltest.Signature{By: idp.Attacker})
		b.refused(b.postAnswer("acme", m.Form(), v.relay), map[bool]string{false: "pending", true: "in-response-to"}[initiated])
	}

	b := h.browser()
	start := b.get("/sso/acme/login?via=oidc&return_to=/tickets/9")
	query, err := provider.Authorize(start.location)
	h.must(err)
	stranger := h.browser()
	forgetPending()
	ahead = 20 * time.Minute
	p := b.callback("acme", query)
	if b.who() != "" || !strings.HasPrefix(p.location, provider.Issuer+"/authorize") {
		t.Fatalf("a late answer: %d to %q, signed in as %q\n%s", p.status, p.location, b.who(), p.body)
	}
	ahead = 0
	query2, err := provider.Authorize(p.location)
	h.must(err)
	if p = b.callback("acme", query2); p.at.Path != "/tickets/9" || b.who() != mallory {
		t.Errorf("after a late answer: %d at %s, signed in as %q\n%s", p.status, p.at, b.who(), p.body)
	}
	ahead = 20 * time.Minute
	stranger.refused(stranger.callback("acme", query), "pending")
}

// TestStartAgain has a sign-in fail in many ways: the button on the page does not
// forget where one was heading.
func TestStartAgain(t *testing.T) {
	idp, provider := samltest.New(idpID), oidctest.New(t, "")
	h := newHarness(t, storetest.SQLite(t), provider.Host())
	h.trusts(idp, nil)
	h.trustsOIDC(provider, nil)
	h.owns(mallory)
	heads := func(b *browser, what string, p page) {
		b.Helper()
		again := p.again(t)
		to, err := url.Parse(again)
		h.must(err)
		if to.Query().Get("begun") == "" {
			if to.Query().Get("return_to") != "/tickets/7" {
				t.Errorf("%s: starts again at %s", what, to)
			}
			return
		}
		// It came without cookies, so that the way is known when they start again.
		at, err := url.Parse(h.url)
		h.must(err)
		same := h.browser() // in which somebody signs in, and not in b
		same.client.Jar.SetCookies(at, b.client.Jar.Cookies(at))
		if p := same.signsIn(idp, same.get(again)); p.at.Path != "/tickets/7" || same.who() != idp.Person {
			t.Errorf("%s: who starts again lands at %s, signed in as %q", what, p.at, same.who())
		}
	}
	b := h.browser()
	v := attempt{b, "acme", samltest.Request{}, ""}
	v.request, v.relay = b.pending("/sso/acme/login?via=saml&return_to=/tickets/7")
	m := idp.Message(v.request, idp.Person)
	idp.Sign(m.Assertion(), samltest.Signature{By: idp.Attacker})
	heads(b, "a bad signature", v.answeredWith(m.Form()))
	heads(b, "somebody who may not", v.answeredWith(v.good(idp, "eve@elsewhere.example.test")))
	heads(b, "a tile with the defaults", h.browser().answer(h.unsolicited(idp), "/tickets/7"))

	b.get("/sso/acme/login?via=oidc&return_to=/tickets/7")
	heads(b, "a made-up state", b.get("/sso/acme/oidc/callback?code=x&state=made-up"))
	start := b.get("/sso/acme/login?via=oidc&return_to=/tickets/7")
	provider.Answer = func(query url.Values) { query.Del("code"); query.Set("error", "access_denied") }
	query, err := provider.Authorize(start.location)
	h.must(err)
	heads(b, "gave up at the provider", b.callback("acme", query))
	heads(b, "the same again", b.callback("acme", query))
	h.set(func(s *provision.SignIn) { s.OIDC = nil })
	heads(b, "a protocol that is not there", b.get("/sso/acme/login?via=oidc&return_to=/tickets/7"))
}

// TestHeadUsesNothingUp has what reads addresses without opening them, such as a
// mail scanner, come before the person on every way of ours.
func TestHeadUsesNothingUp(t *testing.T) {
	idp, provider := samltest.New(idpID), oidctest.New(t, "")
	h := newHarness(t, storetest.SQLite(t), provider.Host())
	h.trusts(idp, nil)
	h.trustsOIDC(provider, nil)
	h.owns(mallory)
	h.signsInToDesks()
	h.agent(idp.Person)
	head := func(b *browser, path string) {
		b.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, b.url+strings.TrimPrefix(path, b.url), nil)
		h.must(err)
		if p := b.do(r); p.status != http.StatusOK || p.location != "" || len(p.header.Values("Set-Cookie")) > 0 {
			t.Errorf("HEAD %s: %d to %q, setting %v", path, p.status, p.location, p.header.Values("Set-Cookie"))
		}
	}
	tickets := func() (n int) {
		h.must(h.store.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM tickets`).Scan(&n))
		return n
	}
	b := h.browser()
	query := b.providerAnswer("acme", provider)
	head(b, "/sso/acme/oidc/callback?"+query.Encode())
	b.signedIn(b.callback("acme", query), mallory)

	b = h.browser()
	v := b.begins("acme")
	form := v.good(idp, idp.Person)
	form.Set("RelayState", v.relay)
	finish := b.finishOf(form)
	head(b, finish)
	b.signedIn(b.get(finish), idp.Person)

	address, err := h.sso.Flow().TestURL(t.Context(), h.conn)
	h.must(err)
	head(b, address)
	before := tickets()
	for _, path := range []string{"/sso/acme/login", authorizes(), h.asksBySAML(""), "/sso/idp/saml/support/launch", "/sso/idp/oidc/end-session", "/sso/logout", "/sso/", "/sso/waiting", "/sso/login"} {
		head(b, path)
	}
	if after := tickets(); after != before {
		t.Errorf("HEAD leaves %d one-time tokens behind", after-before)
	}
	for address, want := range map[string]int{"/sso/session": http.StatusOK, "/sso/forward-auth": http.StatusOK, "/sso/nobody/login": http.StatusNotFound} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, h.url+address, nil)
		h.must(err)
		if p := b.do(r); p.status != want {
			t.Errorf("HEAD %s: %d, want %d", address, p.status, want)
		}
	}
	b.signedIn(page{}, idp.Person)
	tester := h.browser()
	if p := tester.get(strings.TrimPrefix(address, h.url)); p.status != http.StatusSeeOther {
		t.Errorf("the test link after a HEAD: %d\n%s", p.status, p.body)
	}
}

// TestTryWhileOff tries a connection before anybody else can sign in there.
func TestTryWhileOff(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		b := h.browser()
		pending := b.begins("acme") // before it is switched off
		h.set(func(s *provision.SignIn) { s.Disabled = true })

		address, err := h.sso.Flow().TestURL(t.Context(), h.conn)
		h.must(err)
		tester := h.browser()
		request, relay := tester.pending(strings.TrimPrefix(address, h.url))
		m := idp.Message(request, idp.Person)
		idp.Sign(m.Assertion(), samltest.Signature{})
		p := tester.answer(m.Form(), relay)
		if p.status != http.StatusOK || !strings.Contains(p.body, "It would sign in "+idp.Person) || !strings.Contains(p.body, "switched off") {
			h.Errorf("a test while sign-in is off: %d\n%s\n%s", p.status, p.body, tail(h.log))
		}
		if who := tester.who(); who != "" {
			h.Errorf("a test has signed in %s", who)
		}

		for _, path := range []string{"/sso/acme/login", "/sso/acme/login?unasked=1", "/sso/acme/saml/finish?gone=pending", "/sso/acme/saml/finish?answer=x", "/sso/acme/oidc/callback?state=x"} {
			b.refused(b.get(path), provision.RefusedDisabled)
		}
		b.refused(b.get("/sso/acme/login?test=made-up"), "pending")
		b.refused(pending.answeredWith(pending.good(idp, idp.Person)), provision.RefusedDisabled)
		b.refused(b.answer(h.unsolicited(idp), ""), provision.RefusedDisabled)
	})
}
