package sso_test

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const idpID = "https://idp.example.test/metadata"

// trap is a server that nobody may ask anything.
type trap struct {
	host  string
	asked atomic.Int64
}

func newTrap(t testing.TB) *trap {
	tr := &trap{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { tr.asked.Add(1) }))
	t.Cleanup(server.Close)
	tr.host = strings.TrimPrefix(server.URL, "http://")
	return tr
}

func (tr *trap) untouched(t *testing.T) {
	t.Helper()
	if n := tr.asked.Swap(0); n > 0 {
		t.Errorf("%d requests went to where the attacker wanted", n)
	}
}

// aimed replaces the address in a case's answer by that of the trap.
func (tr *trap) aimed(form url.Values) url.Values {
	raw, err := base64.StdEncoding.DecodeString(form.Get("SAMLResponse"))
	if err == nil && strings.Contains(string(raw), "127.0.0.1:9/") {
		form.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(string(raw), "127.0.0.1:9/", tr.host+"/"))))
	}
	return form
}

// ours is the certificate that identity providers encrypt for.
func ours(t testing.TB) *x509.Certificate {
	t.Helper()
	pair, err := ourKey()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(pair[1])
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// atHTTP is what becomes over HTTP of cases of which the protocol alone thinks
// otherwise.
var atHTTP = map[string]string{
	// Nobody has an address there: the name counts as a whole.
	"SP01": provision.RefusedDomain, "SP02": provision.RefusedDomain, "SP03": provision.RefusedDomain,
	// There is no sign-in that the state belongs to, or more than one.
	"OS01": "pending", "OS02b": "pending", "OS13": oidc.ReasonState,
}

// samlAnswers has the identity provider, or somebody in its name, answer in
// every way that samltest knows.
func samlAnswers(t *testing.T, l *ledger) {
	h := newHouse(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	h.administrator(idp.Victim)
	before, hole := h.record(idp.Victim), newTrap(t)
	b := h.browser()
	b.signedIn(b.signInSAML(idp, "/"), idp.Person)

	for _, c := range samltest.Cases {
		t.Run(c.ID, func(t *testing.T) {
			b := h.on(t).browser()
			request, relay := b.pending("/sso/acme/login")
			request.Encrypt = ours(t)
			form := hole.aimed(c.Build(idp, request))
			reason, harmless := atHTTP[c.ID]
			if !c.Accept {
				reason = string(c.Reason)
			}
			began := time.Now()
			p := b.answer(form, relay)
			h.on(t).swift(time.Since(began), idp)
			result := signsIn
			if c.Accept && !harmless {
				b.signedIn(p, c.SignsIn(idp))
			} else {
				b.refused(p, reason)
				result = refusedFor(reason)
			}
			b.unharmed(before)
			hole.untouched(t)
			l.note(t, c.ID, c.Title, result)
		})
	}
	t.Run("SP19", func(t *testing.T) { // by GET, which the binding does not know here
		b := h.on(t).browser()
		p := b.get("/sso/acme/saml/acs?SAMLResponse=" + url.QueryEscape(samltest.Bomb()))
		b.refused(p, "method")
		l.note(t, "SP19b", "a deflate bomb, by GET", refusedFor("method"))
	})
	t.Run("SC99", func(t *testing.T) {
		b := h.on(t).browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	})
}

// swift fails the test when an answer has cost much: more than five seconds, on
// a machine on which a good sign-in does not cost a hundredth of it.
func (h *house) swift(took time.Duration, idp *samltest.IdP) {
	h.Helper()
	if took < 5*time.Second {
		return
	}
	began := time.Now()
	b := h.browser()
	b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	if good := time.Since(began); took > 100*good {
		h.Errorf("took %s, a good sign-in %s", took, good)
	}
}

// on returns the house for a subtest.
func (h *house) on(t testing.TB) *house {
	n := *h
	n.TB = t
	return &n
}

// visit is a sign-in at a SAML connection, as its pieces.
type visit struct {
	*browser
	connection string
	request    samltest.Request
	relay      string
}

// visits begins a sign-in by SAML.
func (b *browser) visits(connection string) visit {
	b.Helper()
	request, relay := b.pending("/sso/" + connection + "/login?via=saml")
	request.EntityID = b.url + "/sso/" + connection + "/saml/metadata"
	request.ACSURL = b.url + "/sso/" + connection + "/saml/acs"
	request.Encrypt = ours(b)
	return visit{b, connection, request, relay}
}

// good is a good answer to the visit.
func (v visit) good(idp *samltest.IdP, person string) url.Values {
	return v.changed(idp, person, func(*etree.Element) {})
}

// changed is a good answer that was changed before it was signed.
func (v visit) changed(idp *samltest.IdP, person string, change func(assertion *etree.Element)) url.Values {
	m := idp.Message(v.request, person)
	change(m.Assertion())
	idp.Sign(m.Assertion(), samltest.Signature{})
	return m.Form()
}

// answeredWith posts an answer to where the visit wants it.
func (v visit) answeredWith(form url.Values) page {
	v.Helper()
	return v.postAnswer(v.connection, form, v.relay)
}

// postAnswer posts an answer to a connection.
func (b *browser) postAnswer(connection string, form url.Values, relay string) page {
	b.Helper()
	if relay != "" {
		form.Set("RelayState", relay)
	}
	return b.post("/sso/"+connection+"/saml/acs", form, true)
}

// unsolicited is a good answer to no request.
func (h *house) unsolicited(idp *samltest.IdP) url.Values {
	m := idp.Message(samltest.Request{EntityID: h.url + "/sso/acme/saml/metadata", ACSURL: h.url + "/sso/acme/saml/acs"}, idp.Person)
	for _, e := range append(m.Response.FindElements("//*"), m.Response) {
		e.RemoveAttr("InResponseTo")
	}
	idp.Sign(m.Assertion(), samltest.Signature{})
	return m.Form()
}

// cookies copies the cookies of b into a new browser: who stole them has those
// of that moment.
func (b *browser) stolen() *browser {
	b.Helper()
	thief := b.house.browser()
	at, err := url.Parse(b.url)
	b.must(err)
	thief.client.Jar.SetCookies(at, b.client.Jar.Cookies(at))
	return thief
}

func samlFlows(t *testing.T, l *ledger) {
	onEach(t, func(h *house, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.administrator(idp.Victim)
		before := h.record(idp.Victim)
		play := func(id, title, reason string, attack func(h *house) (*browser, page)) {
			t.Run(id, func(t *testing.T) {
				h := h.on(t)
				b, p := attack(h)
				b.refused(p, reason)
				h.unharmed(before)
				l.note(t, id, title, refusedFor(reason))
			})
		}
		play("SF04b", "an answer that was not asked for, to a browser without a sign-in", "pending", func(h *house) (*browser, page) {
			b := h.browser()
			return b, b.answer(h.unsolicited(idp), "")
		})
		play("SF06", "the attacker's answer with the victim's RelayState, in a browser with its own sign-in", string(saml.ReasonInResponseTo), func(h *house) (*browser, page) {
			theirs, b := h.browser().visits("acme"), h.browser().visits("acme")
			return b.browser, b.answeredWith(theirs.good(idp, idp.Person))
		})
		play("SF06b", "the attacker's answer with the attacker's RelayState, in a browser with its own sign-in", "pending", func(h *house) (*browser, page) {
			theirs, b := h.browser().visits("acme"), h.browser()
			b.visits("acme")
			return b, b.postAnswer("acme", theirs.good(idp, idp.Person), theirs.relay)
		})
		play("SF07", "a stolen answer, not used yet, in a browser without cookies", "pending", func(h *house) (*browser, page) {
			v, thief := h.browser().visits("acme"), h.browser()
			return thief, thief.postAnswer("acme", v.good(idp, idp.Person), v.relay)
		})
		play("SF08", "a used answer again, with the cookies of before it was used", "pending", func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			thief, form := v.stolen(), v.good(idp, idp.Person)
			v.signedIn(v.answeredWith(form), idp.Person)
			return thief, thief.postAnswer("acme", form, v.relay)
		})
		play("SF09", "a used answer again in the same browser, after signing out", "pending", func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			v.signedIn(v.answeredWith(form), idp.Person)
			v.post("/sso/logout", nil, false)
			return v.browser, v.answeredWith(form)
		})
		play("SF09b", "a used answer to a new sign-in of the same browser", string(saml.ReasonInResponseTo), func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			v.signedIn(v.answeredWith(form), idp.Person)
			v.post("/sso/logout", nil, false)
			again := v.visits("acme")
			return again.browser, again.answeredWith(form)
		})
		play("SF09c", "an answer that was accepted and not finished, posted twice and finished twice", "pending", func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			form.Set("RelayState", v.relay)
			first, second := v.held(form), v.held(form)
			v.signedIn(v.get(first), idp.Person)
			v.post("/sso/logout", nil, false)
			return v.browser, v.get(second)
		})
		play("SF09d", "the request of ours that finishes a sign-in, again", "pending", func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			form.Set("RelayState", v.relay)
			finish := v.held(form)
			v.signedIn(v.get(finish), idp.Person)
			v.post("/sso/logout", nil, false)
			return v.browser, v.get(finish)
		})
		play("SF09e", "the same assertion in answers to two sign-ins of one browser", "replay", func(h *house) (*browser, page) {
			b := h.browser()
			one, two := b.visits("acme"), b.visits("acme")
			fixed := func(a *etree.Element) { a.CreateAttr("ID", "_the-same-"+strings.TrimPrefix(one.request.ID, "_")) }
			b.signedIn(one.answeredWith(one.changed(idp, idp.Person, fixed)), idp.Person)
			b.post("/sso/logout", nil, false)
			return b, two.answeredWith(two.changed(idp, idp.Person, fixed))
		})
		play("SF11", "an answer by GET", "method", func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			form.Set("RelayState", v.relay)
			return v.browser, v.get("/sso/acme/saml/acs?" + form.Encode())
		})
		play("SF11b", "an answer in the query of a POST", string(saml.ReasonEncoding), func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			return v.browser, v.post("/sso/acme/saml/acs?"+form.Encode(), url.Values{"RelayState": {v.relay}}, true)
		})
		play("SF12", "two answers in one form", string(saml.ReasonEncoding), func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			form := v.good(idp, idp.Person)
			form.Add("SAMLResponse", v.good(idp, idp.Victim).Get("SAMLResponse"))
			return v.browser, v.answeredWith(form)
		})
		play("SF13", "an answer at another connection's address", "connection", func(h *house) (*browser, page) {
			v := h.browser().visits("acme")
			return v.browser, v.postAnswer("nobody", v.good(idp, idp.Person), v.relay)
		})
		samlRelays(t, l, h, idp)
		samlUnasked(t, l, h, idp)
		t.Run("SI16", func(t *testing.T) {
			b := h.on(t).browser()
			one, two := b.visits("acme"), b.visits("acme")
			b.signedIn(two.answeredWith(two.good(idp, idp.Person)), idp.Person)
			b.signedIn(one.answeredWith(one.good(idp, idp.Person)), idp.Person)
			l.note(t, "SI16", "two tabs sign in at once", signsIn+", in both")
		})
		t.Run("SR22", func(t *testing.T) {
			v := h.on(t).browser()
			v.foreignHost("/sso/acme/login?via=saml", "/sso/login", "/sso/acme/saml/metadata", "/sso/session", "/sso/forward-auth", "/sso/nothing")
			l.note(t, "SR22", "Host and X-Forwarded-Host of an attacker", "used for nothing")
		})
		t.Run("SC02", func(t *testing.T) {
			b := h.on(t).browser()
			b.signedIn(b.signInSAML(idp, "/"), idp.Person)
			b.signedIn(b.signInSAML(idp, "/"), idp.Person)
			l.note(t, "SC02", "a good answer, in a browser that is signed in", signsIn)
		})
	})
}

// held posts an answer and returns where the browser would go on, without
// going there.
func (b *browser) held(form url.Values) string {
	b.Helper()
	bare := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := bare.PostForm(b.url+"/sso/acme/saml/acs", form)
	b.must(err)
	defer res.Body.Close()
	next, err := res.Location()
	b.must(err)
	return next.String()
}

// samlRelays tries where one can be led by RelayState and return_to.
func samlRelays(t *testing.T, l *ledger, h *house, idp *samltest.IdP) {
	targets := []struct{ name, to string }{
		{"`https://evil.test/`", "https://evil.test/"}, {"`//evil.test/`", "//evil.test/"}, {"`/\\evil.test`", `/\evil.test`},
		{"`javascript:alert(1)`", "javascript:alert(1)"}, {"`https:evil.test`", "https:evil.test"}, {"a tab between two slashes", "/\t/evil.test"},
	}
	for i, target := range targets {
		id := "SR0" + string(rune('1'+i))
		t.Run(id, func(t *testing.T) {
			v := h.on(t).browser().visits("acme")
			p := v.postAnswer("acme", v.good(idp, idp.Person), target.to)
			v.refused(p, "pending")
			l.note(t, id, "RelayState "+target.name, refusedFor("pending"))
		})
	}
	more := []struct{ name, to string }{{"user name and host: `http://us@evil.test`", "http://us@evil.test"}, {"dots before two slashes: `/..//evil.test`", "/..//evil.test"},
		{"an escaped backslash: `/%5Cevil.test`", "/%5Cevil.test"}, {"escaped slashes: `/%2F/evil.test`", "/%2F/evil.test"}, {"3,000 characters", "/" + strings.Repeat("a", 3000)}}
	for i, target := range append(targets[:5:5], more...) {
		id := "SR1" + string(rune('1'+i))
		if i >= 5 {
			id = "SR15" + string(rune('b'+i-5))
		}
		t.Run(id, func(t *testing.T) {
			b := h.on(t).browser()
			p := b.signInSAML(idp, target.to)
			b.staysHere(p)
			b.signedIn(p, idp.Person)
			l.note(t, id, "`return_to` with "+target.name, signsIn+", and stays here")
		})
	}
	t.Run("SR21b", func(t *testing.T) {
		b := h.on(t).browser()
		v := b.visits("acme")
		b.refused(v.postAnswer("acme", v.good(idp, idp.Person), samltest.Markup), "pending")
		for path, reason := range map[string]string{
			"/sso/" + url.PathEscape(samltest.Markup) + "/login":               "connection",
			"/sso/acme/login?via=" + url.QueryEscape(samltest.Markup):          "protocol",
			"/sso/" + url.PathEscape(samltest.Markup):                          "path",
			"/sso/acme/saml/finish?answer=" + url.QueryEscape(samltest.Markup): "pending",
		} {
			b.refused(b.get(path), reason)
		}
		l.note(t, "SR21b", "markup in RelayState, path and query", "never echoed")
	})
}

// staysHere fails the test when p leads, or has led, to another server.
func (b *browser) staysHere(p page) {
	b.Helper()
	if p.location != "" || !strings.HasPrefix(p.at.String(), b.url+"/") || strings.Contains(p.body, "evil") {
		b.Errorf("landed at %s, then to %q:\n%s", p.at, p.location, p.body)
	}
}

// samlUnasked tries answers to no request where those are allowed.
func samlUnasked(t *testing.T, l *ledger, h *house, idp *samltest.IdP) {
	h.trusts(idp, func(s *sso.SAMLSettings) { s.IdPInitiated = true })
	defer h.trusts(idp, nil)
	t.Run("SI15", func(t *testing.T) {
		b := h.on(t).browser()
		p := b.answer(b.unsolicited(idp), "/tickets/1")
		if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, idp.SSOURL) || b.who() != "" {
			t.Fatalf("%d to %q, signed in as %q; want a sign-in of ours to begin", p.status, p.location, b.who())
		}
		v := b.begun(p, "acme")
		p = v.answeredWith(v.good(idp, idp.Person))
		b.signedIn(p, idp.Person)
		if p.at.Path != "/tickets/1" {
			t.Errorf("landed at %s", p.at)
		}
		l.note(t, "SI15", "a sign-in that begins at the identity provider, where that is switched on", "begins a sign-in of ours there, which "+signsIn)
	})
	t.Run("SF10", func(t *testing.T) {
		h := h.on(t)
		form := h.unsolicited(idp)
		h.browser().answer(form, "")
		thief := h.browser()
		thief.refused(thief.answer(form, ""), "replay")
		l.note(t, "SF10", "an answer that was not asked for, again elsewhere", refusedFor("replay"))
	})
	t.Run("SF10b", func(t *testing.T) { // somebody's own answer in another's browser
		b := h.on(t).browser()
		p := b.answer(b.unsolicited(idp), "https://evil.test/")
		if b.who() != "" || !strings.HasPrefix(p.location, idp.SSOURL) {
			t.Errorf("signed in as %q, and sent to %q", b.who(), p.location)
		}
		v := b.begun(p, "acme")
		p = v.answeredWith(v.good(idp, idp.Person))
		b.staysHere(p)
		l.note(t, "SF10b", "the attacker's answer that was not asked for, in somebody else's browser, with an address as RelayState", "begins a sign-in of the browser's owner; leads nowhere else")
	})
	t.Run("SF15", func(t *testing.T) {
		v := h.on(t).browser().visits("acme")
		v.request.ID = "_unknown"
		v.refused(v.postAnswer("acme", v.good(idp, idp.Person), "/tickets/1"), string(saml.ReasonInResponseTo))
		l.note(t, "SF15", "an answer to an unknown request, where answers to none are allowed", refusedFor(string(saml.ReasonInResponseTo)))
	})
}

// begun is the sign-in to which a page sends the browser.
func (b *browser) begun(p page, connection string) visit {
	b.Helper()
	to, err := url.Parse(p.location)
	b.must(err)
	return visit{b, connection, samltest.Request{ID: requestIDIn(b, to.Query().Get("SAMLRequest")), EntityID: b.url + "/sso/" + connection + "/saml/metadata",
		ACSURL: b.url + "/sso/" + connection + "/saml/acs", Encrypt: ours(b)}, to.Query().Get("RelayState")}
}

// foreignHost asks for paths in the name of another host: nothing that comes
// back may have it.
func (b *browser) foreignHost(paths ...string) {
	b.Helper()
	for _, path := range paths {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.url+path, nil)
		b.must(err)
		r.Host = "evil.test"
		r.Header.Set("X-Forwarded-Host", "evil.test")
		r.Header.Set("X-Forwarded-Proto", "evil")
		r.Header.Set("Forwarded", "host=evil.test;proto=evil")
		r.Header.Set("X-Original-URL", "https://evil.test/")
		p := b.do(r)
		location := p.location
		if to, err := url.Parse(location); err == nil && to.Query().Has("SAMLRequest") {
			location = inflated(b, to.Query().Get("SAMLRequest"))
			if !strings.Contains(location, b.url+"/sso/acme/saml/acs") {
				b.Errorf("%s: the request names no address of ours: %s", path, location)
			}
		}
		if strings.Contains(location+p.body, "evil") || p.status >= 500 {
			b.Errorf("%s: %d, to %s:\n%s", path, p.status, location, p.body)
		}
	}
}
