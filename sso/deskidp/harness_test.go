package deskidp_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/deskidp"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const (
	clientSecret = "a-secret-of-many-characters"
	publicClient = "pocket"
)

var quiet = slog.New(slog.DiscardHandler)

var cause = provision.Cause{Actor: "test"}

// testKey is the same key for every harness: making one takes a second.
func testKey() (private, certificate []byte, err error) {
	pair, err := keyPair()
	return pair[0], pair[1], err
}

var keyPair = sync.OnceValues(func() ([2][]byte, error) {
	private, certificate, err := deskidp.NewKey()
	return [2][]byte{private, certificate}, err
})

// harness is a Deskbridge whose only page to sign in is a portal of the test, with
// two desks: one that signs in by SAML and by OpenID Connect, and one that is
// a public client.
type harness struct {
	testing.TB
	store  *store.Store
	core   *core.Core
	idp    *deskidp.Handler
	portal *portal
	server *httptest.Server
	desk   *desk
	person provision.Identity
	conn   provision.Connection
	kinds  map[provision.DeskKind]protocol.DeskSAML // what kinds of desks need to be told
}

func newHarness(t testing.TB) *harness {
	t.Helper()
	return harnessOn(t, storetest.SQLite(t))
}

// with returns the same harness for a subtest.
func (h *harness) with(t testing.TB) *harness {
	same := *h
	same.TB = t
	return &same
}

func harnessOn(t testing.TB, s *store.Store) *harness {
	t.Helper()
	h := &harness{TB: t, store: s, core: core.New(s, core.Policy{}, quiet), desk: newDesk(t), kinds: map[provision.DeskKind]protocol.DeskSAML{}}
	ctx := t.Context()
	_, err := h.core.Settings.Keys(ctx, settings.KeyDesk, testKey)
	h.must(err)
	h.conn = provision.Connection{ID: "conn", Name: "acme", Domains: []string{"example.test"}, CreatedAt: time.Now()}
	h.must(s.SaveConnection(ctx, h.conn))
	h.portal = &portal{core: h.core, signIn: true}
	mux := http.NewServeMux()
	h.server = httptest.NewServer(mux)
	t.Cleanup(h.server.Close)
	h.idp = h.replica()
	mux.Handle("/sso/idp/", h.idp)
	mux.HandleFunc("/portal", h.portal.open)
	h.person = h.addPerson("ada")
	h.portal.person = h.person
	h.addDesk("support", protocol.DeskSignIn{
		SAML: &protocol.DeskSAML{EntityID: h.desk.URL + "/metadata", ACSURL: h.desk.URL + "/acs"},
		OIDC: &protocol.DeskOIDC{ClientID: "support", ClientSecret: clientSecret, RedirectURIs: []string{h.desk.URL + "/callback", h.desk.URL + "/callback?x=1"},
			PostLogoutRedirectURIs: []string{h.desk.URL + "/bye"}, BackchannelLogoutURL: h.desk.URL + "/backchannel"},
		Roles: map[string]string{string(provision.RoleAgent): "Agent"},
	})
	h.addDesk(publicClient, protocol.DeskSignIn{OIDC: &protocol.DeskOIDC{ClientID: publicClient, Public: true, RedirectURIs: []string{h.desk.URL + "/callback"}}})
	return h
}

// replica returns one more Handler on the same database.
func (h *harness) replica() *deskidp.Handler {
	handler, err := deskidp.New(deskidpCore(h.core), deskidp.Options{PublicURL: h.server.URL, Log: quiet, Portal: h.portal,
		RequestID: func(context.Context) string { return "request-1" }, Kinds: h.kinds, Fetch: fetch.Options{AllowHosts: []string{strings.TrimPrefix(h.desk.URL, "http://")}}})
	h.must(err)
	return handler
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *harness) addPerson(name string) provision.Identity {
	h.Helper()
	id := provision.Identity{ID: provision.IdentityID("id-" + name), Connection: h.conn.ID, UserName: name, ExternalID: name, Status: provision.StatusActive,
		Profile: provision.Profile{DisplayName: "Ada <b>Byron</b> & Søn", GivenName: "Ada", FamilyName: "Byron", Email: name + "@example.test"},
		Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now(), Document: json.RawMessage(`{"userName":"` + name + `"}`)}
	h.must(h.store.InsertIdentity(h.Context(), id))
	return id
}

// addDesk adds a desk where the person has an account.
func (h *harness) addDesk(name string, s protocol.DeskSignIn) provision.Desk {
	h.Helper()
	d, err := h.core.Settings.AddDesk(h.Context(), cause, provision.Desk{Name: name, Kind: "builtin", SignIn: s})
	h.must(err)
	h.setAccount(d, func(*provision.Account) {})
	return d
}

func (h *harness) deskNamed(name string) provision.Desk {
	h.Helper()
	d, err := h.core.Settings.Desk(h.Context(), name)
	h.must(err)
	return d
}

// changeDesk changes how people sign in to a desk.
func (h *harness) changeDesk(name string, change func(*protocol.DeskSignIn)) {
	h.Helper()
	d := h.deskNamed(name)
	change(&d.SignIn)
	h.must(d.Validate())
	h.must(h.store.SaveDesk(h.Context(), d))
}

// setAccount gives the person an account on a desk that is as it should be,
// but for change.
func (h *harness) setAccount(d provision.Desk, change func(*provision.Account)) {
	h.Helper()
	access := provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"Billing", "Tier 1"}, Mailboxes: []string{"Help"}}
	a := provision.Account{ID: provision.AccountID("account-" + string(d.ID)), Identity: h.person.ID, Connection: h.conn.ID, Desk: d.ID,
		Profile: h.person.Profile, UserName: h.person.UserName, Names: provision.DeskNames{Email: h.person.Profile.Email, UserName: h.person.UserName},
		Desired: access, Confirmed: access, State: provision.AccountReady, Revision: 1, Reconciled: 1, CreatedAt: time.Now(), UpdatedAt: time.Now()}
	change(&a)
	h.must(h.store.SaveAccounts(h.Context(), []provision.Account{a}))
}

// suspend suspends the person, as the identity provider would.
func (h *harness) suspend() {
	h.Helper()
	_, err := h.core.Directory.UpdatePerson(h.Context(), h.conn.ID, h.person.ID, cause, func(id *provision.Identity) error {
		id.Status = provision.StatusSuspended
		return nil
	})
	h.must(err)
}

// audited returns the details of all entries with this action.
func (h *harness) audited(action provision.Action) (found []provision.Entry) {
	h.Helper()
	entries, err := h.store.Entries(h.Context(), 0, 1000)
	h.must(err)
	for _, e := range entries {
		if e.Action == action {
			found = append(found, e)
		}
	}
	return found
}

// refusedFor fails the test unless the last refusal in the audit log is for
// reason.
func (h *harness) refusedFor(reason string) {
	h.Helper()
	entries := h.audited("desk_session.refused")
	if len(entries) == 0 || entries[len(entries)-1].Detail["reason"] != reason {
		h.Errorf("the audit log tells of %+v, want a refusal for %q", entries, reason)
	}
}

// portal is where people sign in.
type portal struct {
	core   *core.Core
	person provision.Identity
	signIn bool // people sign in when they are asked to
	asked  int
	demand session.Demand                // of the last who was sent to sign in
	proved func(now time.Time) time.Time // when people prove who they are, as the identity provider says; nil: now
}

func (p *portal) Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, bool) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return provision.Session{}, provision.Identity{}, provision.Connection{}, false
	}
	session, person, conn, err := p.core.Sessions.Session(r.Context(), cookie.Value)
	return session, person, conn, err == nil
}

func (p *portal) SignIn(w http.ResponseWriter, r *http.Request, returnTo, _ string, demand session.Demand) {
	p.asked++
	p.demand = demand
	http.Redirect(w, r, "/portal?"+url.Values{"return_to": {returnTo}}.Encode(), http.StatusSeeOther)
}

func (p *portal) Fail(w http.ResponseWriter, _ *http.Request, status int, reason, _ string) {
	w.WriteHeader(status)
	io.WriteString(w, "failed: "+reason)
}

// open signs the person in, and sends them on.
func (p *portal) open(w http.ResponseWriter, r *http.Request) {
	if p.signIn {
		old := ""
		if cookie, err := r.Cookie("session"); err == nil {
			old = cookie.Value
		}
		authnAt := time.Now()
		if p.proved != nil {
			authnAt = p.proved(authnAt)
		}
		_, secret, err := p.core.Sessions.StartSession(r.Context(), cause, provision.Session{Identity: p.person.ID, Connection: p.person.Connection,
			Protocol: provision.ProtocolSAML, Issuer: "idp", Subject: "s", AuthnAt: authnAt}, time.Time{}, old)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	http.Redirect(w, r, r.URL.Query().Get("return_to"), http.StatusSeeOther)
}

// desk is a server that keeps what it is sent.
type desk struct {
	*httptest.Server
	posts  chan url.Values
	status int          // of answers to logout tokens
	hung   atomic.Int64 // requests that were never answered
}

func newDesk(t testing.TB) *desk {
	d := &desk{posts: make(chan url.Values, 100), status: http.StatusOK}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/backchannel":
			w.WriteHeader(d.status)
			if r.ParseForm() == nil {
				d.posts <- r.PostForm
			}
		case "/hangs":
			d.hung.Add(1)
			io.Copy(io.Discard, r.Body) // only who has read all learns that the client is gone
			<-r.Context().Done()
		}
	}))
	t.Cleanup(d.Close)
	return d
}

// cookie returns the cookie of somebody who is signed in here.
func (h *harness) cookie() *http.Cookie {
	h.Helper()
	b := h.signedIn()
	u, err := url.Parse(h.server.URL)
	h.must(err)
	return b.client.Jar.Cookies(u)[0]
}

// browser follows redirects, but not to the desk: whoever uses it wants to see
// what the desk is sent.
type browser struct {
	*harness
	client *http.Client
}

func (h *harness) browser() *browser {
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host == h.desk.URL {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// signedIn returns a browser that is signed in here.
func (h *harness) signedIn() *browser {
	h.Helper()
	b := h.browser()
	b.get(h.server.URL + "/portal?return_to=/sso/idp/static/post.js")
	return b
}

// page is an answer as a browser has it.
type page struct {
	status   int
	location *url.URL // where the browser would go
	body     string
	header   http.Header
}

func (b *browser) do(r *http.Request) page {
	b.Helper()
	resp, err := b.client.Do(r)
	b.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	b.must(err)
	p := page{status: resp.StatusCode, body: string(body), header: resp.Header}
	if to := resp.Header.Get("Location"); to != "" {
		p.location, err = url.Parse(to)
		b.must(err)
	}
	return p
}

func (b *browser) get(to string) page {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, to, http.NoBody)
	b.must(err)
	return b.do(r)
}

// post sends a form. From elsewhere, no cookie comes with it.
func (b *browser) post(to string, form url.Values, fromElsewhere bool) page {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, to, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !fromElsewhere {
		return b.do(r)
	}
	bare := &browser{b.harness, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	p := bare.do(r)
	b.client.Jar.SetCookies(r.URL, (&http.Response{Header: p.header}).Cookies()) // browsers take them (RFC 6265bis §5.7)
	if p.status == http.StatusSeeOther {
		return b.get(b.server.URL + p.location.String())
	}
	return p
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	unescape   = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&#43;", "+", "&amp;", "&")
)

// form reads the form on a page.
func (p page) form(t testing.TB) (action string, fields url.Values) {
	t.Helper()
	found := formAction.FindStringSubmatch(p.body)
	if p.status != http.StatusOK || found == nil {
		t.Fatalf("status %d, want a page with a form: %s", p.status, p.body)
	}
	fields = url.Values{}
	for _, field := range formField.FindAllStringSubmatch(p.body, -1) {
		fields.Set(field[1], unescape.Replace(field[2]))
	}
	return unescape.Replace(found[1]), fields
}
