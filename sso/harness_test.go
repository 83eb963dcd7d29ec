package sso_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

var byTest = provision.Cause{Actor: "test", Action: "test"}

const ownDomain = "corp.example.test"

// harness is a Handler behind a real server, with a connection.
type harness struct {
	testing.TB
	store   *store.Store
	core    *core.Core
	sso     *sso.Handler
	conn    provision.Connection
	url     string // public URL
	log     *journal
	allowed []string // host:port pairs that may be fetched
	now     func() time.Time
}

// journal keeps what the server logs, a JSON object a line.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// of returns what the log says of the request with that reference.
func (j *journal) of(reference string) (lines []map[string]any) {
	for line := range strings.Lines(j.String()) {
		var fields map[string]any
		if strings.Contains(line, reference) && json.Unmarshal([]byte(line), &fields) == nil && fields["request"] == reference {
			lines = append(lines, fields)
		}
	}
	return lines
}

// ourKey is the key of every harness: RSA takes its time.
var ourKey = sync.OnceValues(func() (pair [2][]byte, err error) {
	pair[0], pair[1], err = client.NewSAMLKey()
	return pair, err
})

// sharedKey is a maker of keys that always makes the same.
func sharedKey() (private, certificate []byte, err error) {
	pair, err := ourKey()
	return pair[0], pair[1], err
}

func newHarness(t testing.TB, s *store.Store, allowed ...string) *harness {
	t.Helper()
	h := &harness{TB: t, store: s, log: &journal{}, allowed: allowed}
	log := slog.New(slog.NewJSONHandler(h.log, nil))
	h.core = core.New(s, core.Policy{}, log)
	_, err := h.core.Settings.Keys(t.Context(), settings.KeySAML, sharedKey)
	h.must(err)
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	h.sso = h.replica(log)
	server.Config.Handler = numbered(h.sso)
	server.Start()
	t.Cleanup(server.Close)
	h.conn, _, err = h.core.Settings.AddConnection(t.Context(), byTest, provision.Connection{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{ownDomain},
		SignIn: provision.SignIn{JIT: &provision.JIT{Create: true}}})
	h.must(err)
	return h
}

// numbered gives each request a reference, as a server does around the Handler.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), numberKey{}, "ref-"+rand.Text())))
	})
}

type numberKey struct{}

func numberOf(ctx context.Context) string {
	number, _ := ctx.Value(numberKey{}).(string)
	return number
}

// replica returns a Handler on the same core.
func (h *harness) replica(log *slog.Logger) *sso.Handler {
	return sso.New(ssoCore(h.core), sso.Options{PublicURL: h.url, Log: log, Fetch: fetch.Options{AllowHosts: h.allowed},
		RequestID: numberOf, Now: h.now, Limits: limit.Limits{PerSecond: 1e6, Burst: 1e6, ConnectionPerSecond: 1e6, ConnectionBurst: 1e6}})
}

// each runs test in a fresh harness on every database.
func each(t *testing.T, test func(h *harness)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(newHarness(t, s)) })
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// set changes how people sign in.
func (h *harness) set(change func(s *provision.SignIn)) {
	h.Helper()
	conn, err := h.core.Settings.SetSignIn(h.Context(), byTest, h.conn.Name, func(s *provision.SignIn) error { change(s); return nil })
	h.must(err)
	h.conn = conn
}

// trusts makes the connection trust a SAML identity provider.
func (h *harness) trusts(idp *samltest.IdP, change func(s *protocol.SAML)) {
	h.Helper()
	settings := protocol.SAML{Metadata: string(idp.Metadata())}
	if change != nil {
		change(&settings)
	}
	h.set(func(s *provision.SignIn) { s.SAML = &settings })
}

// trustsOIDC makes the connection trust an OpenID provider.
func (h *harness) trustsOIDC(p *oidctest.Provider, change func(s *protocol.OIDC)) {
	h.Helper()
	settings := protocol.OIDC{Issuer: p.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret}
	if change != nil {
		change(&settings)
	}
	h.set(func(s *provision.SignIn) { s.OIDC = &settings })
}

// browser is one browser: it keeps cookies, and follows redirects within the
// harness.
type browser struct {
	*harness
	client *http.Client
}

func (h *harness) browser() *browser {
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &browser{harness: h, client: &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), h.url+"/") {
			return http.ErrUseLastResponse
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}}}
}

// page is what a browser ends up with.
type page struct {
	status   int
	body     string
	header   http.Header
	location string // where it would go next, outside the harness
	at       *url.URL
}

func (b *browser) do(r *http.Request) page {
	b.Helper()
	res, err := b.client.Do(r)
	b.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	return page{res.StatusCode, string(body), res.Header, res.Header.Get("Location"), res.Request.URL}
}

func (b *browser) get(path string) page {
	b.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.url + path
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
	b.must(err)
	return b.do(r)
}

// post posts a form. From another site, as an identity provider has it posted,
// the Lax cookies stay behind.
func (b *browser) post(path string, form url.Values, fromElsewhere bool) page {
	b.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.url + path
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !fromElsewhere {
		r.Header.Set("Origin", b.url)
		return b.do(r)
	}
	r.Header.Set("Origin", "https://idp.example.test")
	bare := *b.client
	bare.Jar = nil
	bare.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := bare.Do(r)
	b.must(err)
	defer res.Body.Close()
	b.client.Jar.SetCookies(r.URL, res.Cookies()) // browsers take them (RFC 6265bis §5.7)
	body, err := io.ReadAll(res.Body)
	b.must(err)
	if res.StatusCode == http.StatusSeeOther {
		next, err := res.Location()
		b.must(err)
		if strings.HasPrefix(next.String(), b.url+"/") {
			return b.get(next.String())
		}
	}
	return page{res.StatusCode, string(body), res.Header, res.Header.Get("Location"), r.URL}
}

// who returns who is signed in; "" when nobody is.
func (b *browser) who() string {
	b.Helper()
	p := b.get("/sso/session")
	if p.status == http.StatusUnauthorized {
		return ""
	}
	var answer struct {
		User struct {
			Email    string `json:"email"`
			UserName string `json:"user_name"`
		} `json:"user"`
	}
	b.must(json.Unmarshal([]byte(p.body), &answer))
	return answer.User.UserName
}

// pending starts a sign-in by SAML and returns what the identity provider
// learns of it, and the RelayState that goes back.
func (b *browser) pending(path string) (samltest.Request, string) {
	b.Helper()
	p := b.get(path)
	if p.status != http.StatusSeeOther || p.location == "" {
		b.Fatalf("GET %s: %d %s", path, p.status, p.body)
	}
	to, err := url.Parse(p.location)
	b.must(err)
	id := requestIDIn(b, to.Query().Get("SAMLRequest"))
	return samltest.Request{ID: id, EntityID: b.url + "/sso/acme/saml/metadata", ACSURL: b.url + "/sso/acme/saml/acs"}, to.Query().Get("RelayState")
}

// answer posts an answer of the identity provider.
func (b *browser) answer(form url.Values, relay string) page {
	b.Helper()
	if relay != "" {
		form = maps.Clone(form) // others may be sending it, too
		form.Set("RelayState", relay)
	}
	return b.post("/sso/acme/saml/acs", form, true)
}

// signInSAML signs the identity provider's person in.
func (b *browser) signInSAML(idp *samltest.IdP, to string) page {
	b.Helper()
	request, relay := b.pending("/sso/acme/login?return_to=" + url.QueryEscape(to))
	m := idp.Message(request, idp.Person)
	idp.Sign(m.Assertion(), samltest.Signature{})
	return b.answer(m.Form(), relay)
}

// signInOIDC signs the provider's user in.
func (b *browser) signInOIDC(p *oidctest.Provider, to string) page {
	b.Helper()
	start := b.get("/sso/acme/login?via=oidc&return_to=" + url.QueryEscape(to))
	if start.status != http.StatusSeeOther {
		b.Fatalf("the sign-in does not begin: %d %s\n%s", start.status, start.body, b.log)
	}
	query, err := p.Authorize(start.location)
	b.must(err)
	return b.get("/sso/acme/oidc/callback?" + query.Encode())
}
