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
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const idpID = "https://idp.example.test/metadata"

// forbiddenServer is a server that nobody may ask anything.
type forbiddenServer struct {
	host  string
	asked atomic.Int64
}

func newForbiddenServer(t testing.TB) *forbiddenServer {
	f := &forbiddenServer{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { f.asked.Add(1) }))
	t.Cleanup(server.Close)
	f.host = strings.TrimPrefix(server.URL, "http://")
	return f
}

func (f *forbiddenServer) untouched(t *testing.T) {
	t.Helper()
	if n := f.asked.Swap(0); n > 0 {
		t.Errorf("%d requests went to where the attacker wanted", n)
	}
}

// aimed replaces the address in a case's answer by that of the server.
func (f *forbiddenServer) aimed(form url.Values) url.Values {
	raw, err := base64.StdEncoding.DecodeString(form.Get("SAMLResponse"))
	if err == nil && strings.Contains(string(raw), "127.0.0.1:9/") {
		form.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(string(raw), "127.0.0.1:9/", f.host+"/"))))
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
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	h.administrator(idp.Victim)
	before, forbidden := h.record(idp.Victim), newForbiddenServer(t)
	b := h.browser()
	b.signedIn(b.signInSAML(idp, "/"), idp.Person)

	for _, c := range samltest.Cases {
		t.Run(c.ID, func(t *testing.T) {
			b := h.on(t).browser()
			request, relay := b.pending("/sso/acme/login")
			request.Encrypt = ours(t)
			form := forbidden.aimed(c.Build(idp, request))
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
			forbidden.untouched(t)
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
func (h *harness) swift(took time.Duration, idp *samltest.IdP) {
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

// on returns the harness for a subtest.
func (h *harness) on(t testing.TB) *harness {
	n := *h
	n.TB = t
	return &n
}

// attempt is a sign-in at a SAML connection, as its pieces.
type attempt struct {
	*browser
	connection string
	request    samltest.Request
	relay      string
}

// begins begins a sign-in by SAML.
func (b *browser) begins(connection string) attempt {
	b.Helper()
	request, relay := b.pending("/sso/" + connection + "/login?via=saml")
	request.EntityID = b.url + "/sso/" + connection + "/saml/metadata"
	request.ACSURL = b.url + "/sso/" + connection + "/saml/acs"
	request.Encrypt = ours(b)
	return attempt{b, connection, request, relay}
}

// good is a good answer to the attempt.
func (v attempt) good(idp *samltest.IdP, person string) url.Values {
	return v.changed(idp, person, func(*etree.Element) {})
}

// changed is a good answer that was changed before it was signed.
func (v attempt) changed(idp *samltest.IdP, person string, change func(assertion *etree.Element)) url.Values {
	m := idp.Message(v.request, person)
	change(m.Assertion())
	idp.Sign(m.Assertion(), samltest.Signature{})
	return m.Form()
}

// answeredWith posts an answer to where the attempt wants it.
func (v attempt) answeredWith(form url.Values) page {
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
func (h *harness) unsolicited(idp *samltest.IdP) url.Values {
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
	thief := b.harness.browser()
	at, err := url.Parse(b.url)
	b.must(err)
	thief.client.Jar.SetCookies(at, b.client.Jar.Cookies(at))
	return thief
}

func samlFlows(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.administrator(idp.Victim)
		before := h.record(idp.Victim)
		play := func(id, title, reason string, attack func(h *harness) (*browser, page)) {
			t.Run(id, func(t *testing.T) {
				h := h.on(t)
				b, p := attack(h)
				b.refused(p, reason)
				h.unharmed(before)
				l.note(t, id, title, refusedFor(reason))
			})
		}
		play("SF04b", "an answer that was not asked for, to a browser without a sign-in", "pending", func(h *harness) (*browser, page) {
			b := h.browser()
			return b, b.answer(h.unsolicited(idp), "")
		})
		play("SF06", "the attacker's answer with the victim's RelayState, in a browser with its own sign-in", string(saml.ReasonInResponseTo), func(h *harness) (*browser, page) {
			theirs, b := h.browser().begins("acme"), h.browser().begins("acme")
			return b.browser, b.answeredWith(theirs.good(idp, idp.Person))
		})
		play("SF06b", "the attacker's answer with the attacker's RelayState, in a browser with its own sign-in", "pending", func(h *harness) (*browser, page) {
			theirs, b := h.browser().begins("acme"), h.browser()
			b.begins("acme")
			return b, b.postAnswer("acme", theirs.good(idp, idp.Person), theirs.relay)
		})
		play("SF07", "a stolen answer, not used yet, in a browser without cookies", "pending", func(h *harness) (*browser, page) {
			v, thief := h.browser().begins("acme"), h.browser()
			return thief, thief.postAnswer("acme", v.good(idp, idp.Person), v.relay)
		})
		play("SF08", "a used answer again, with the cookies of before it was used", "pending", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			thief, form := v.stolen(), v.good(idp, idp.Person)
			v.signedIn(v.answeredWith(form), idp.Person)
			return thief, thief.postAnswer("acme", form, v.relay)
		})
		play("SF09", "a used answer again in the same browser, after signing out", "pending", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			v.signedIn(v.answeredWith(form), idp.Person)
			v.post("/sso/logout", nil, false)
			return v.browser, v.answeredWith(form)
		})
		play("SF09b", "a used answer to a new sign-in of the same browser", string(saml.ReasonInResponseTo), func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			v.signedIn(v.answeredWith(form), idp.Person)
			v.post("/sso/logout", nil, false)
			again := v.begins("acme")
			return again.browser, again.answeredWith(form)
		})
		play("SF09c", "an answer that was accepted and not finished, posted twice and finished twice", "pending", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			form.Set("RelayState", v.relay)
			first, second := v.finishOf(form), v.finishOf(form)
			v.signedIn(v.get(first), idp.Person)
			v.post("/sso/logout", nil, false)
			return v.browser, v.get(second)
		})
		play("SF09d", "the request of ours that finishes a sign-in, again", "pending", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			form.Set("RelayState", v.relay)
			finish := v.finishOf(form)
			v.signedIn(v.get(finish), idp.Person)
			v.post("/sso/logout", nil, false)
			return v.browser, v.get(finish)
		})
		play("SF09e", "the same assertion in answers to two sign-ins of one browser", "replay", func(h *harness) (*browser, page) {
			b := h.browser()
			one, two := b.begins("acme"), b.begins("acme")
			fixed := func(a *etree.Element) { a.CreateAttr("ID", "_the-same-"+strings.TrimPrefix(one.request.ID, "_")) }
			b.signedIn(one.answeredWith(one.changed(idp, idp.Person, fixed)), idp.Person)
			b.post("/sso/logout", nil, false)
			return b, two.answeredWith(two.changed(idp, idp.Person, fixed))
		})
		play("SF11", "an answer by GET", "method", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			form.Set("RelayState", v.relay)
			return v.browser, v.get("/sso/acme/saml/acs?" + form.Encode())
		})
		play("SF11b", "an answer in the query of a POST", string(saml.ReasonEncoding), func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			return v.browser, v.post("/sso/acme/saml/acs?"+form.Encode(), url.Values{"RelayState": {v.relay}}, true)
		})
		play("SF12", "two answers in one form", string(saml.ReasonEncoding), func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			form := v.good(idp, idp.Person)
			form.Add("SAMLResponse", v.good(idp, idp.Victim).Get("SAMLResponse"))
			return v.browser, v.answeredWith(form)
		})
		play("SF13", "an answer at another connection's address", "connection", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			return v.browser, v.postAnswer("nobody", v.good(idp, idp.Person), v.relay)
		})
		samlRelays(t, l, h, idp)
		samlUnasked(t, l, h, idp)
		t.Run("SI16", func(t *testing.T) {
			b := h.on(t).browser()
			one, two := b.begins("acme"), b.begins("acme")
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

// finishOf posts an answer and returns where the browser would go on, without
// going there.
func (b *browser) finishOf(form url.Values) string {
	b.Helper()
	bare := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := bare.PostForm(b.url+"/sso/acme/saml/acs", form)
	b.must(err)
	defer res.Body.Close()
	next, err := res.Location()
	b.must(err)
	return next.String()
}
