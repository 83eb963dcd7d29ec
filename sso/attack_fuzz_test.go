package sso_test

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// asked sends one request to the Handler and insists on the property of all fuzz
// tests here: no error of our own, and no session cookie.
func (b *browser) asked(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	at, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	numbered(b.sso).ServeHTTP(w, r.WithContext(t.Context()))
	if w.Code >= 500 {
		t.Errorf("%d %s\n%s", w.Code, w.Body, tail(b.log))
	}
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "deskbridge_session") && c.Value != "" {
			t.Errorf("a session begins: %d %s", w.Code, w.Body)
		}
	}
	return w
}

func posted(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// quiet returns a store that does not log to the test: a fuzz target must not.
func quiet(f *testing.F) *store.Store {
	f.Helper()
	s, err := store.Open(f.Context(), store.Options{DataDir: f.TempDir(), Key: storetest.Key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	if err := s.Migrate(f.Context()); err != nil {
		f.Fatal(err)
	}
	return s
}

// FuzzACS posts any text as an answer, in a browser whose sign-in is under way:
// nobody but whom the identity provider has signed for gets in.
func FuzzACS(f *testing.F) {
	h := newHarness(f, quiet(f))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	h.administrator(idp.Victim)
	b := h.browser()
	v := b.begins("acme")
	for _, c := range samltest.Cases {
		if raw, err := base64.StdEncoding.DecodeString(c.Build(idp, v.request).Get("SAMLResponse")); err == nil && len(raw) < 1<<16 {
			f.Add(raw, true)
		}
	}
	f.Add([]byte("<a/>"), false)
	f.Fuzz(func(t *testing.T, raw []byte, known bool) {
		form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {v.relay}}
		if !known {
			form.Set("RelayState", string(raw[:min(len(raw), 50)]))
		}
		w := b.asked(t, posted("/sso/acme/saml/acs", form))
		if w.Code == http.StatusSeeOther {
			if name := b.accepted(t, w); name != idp.Person && name != idp.Victim+".evil.test" {
				t.Errorf("accepted for %s: %s", name, raw)
			}
			return
		}
		if w.Code < 400 || w.Code > 499 {
			t.Errorf("answered with %d", w.Code)
		}
	})
}

// accepted returns whom an answer that was accepted speaks of.
func (b *browser) accepted(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	finish, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	var kept struct{ Assertion saml.Assertion }
	if err := b.core.Sessions.PeekOneTime(t.Context(), "saml answer", b.conn.ID, finish.Query().Get("answer"), &kept); err != nil {
		t.Fatal(err)
	}
	for _, mail := range kept.Assertion.Values("mail") {
		if mail != kept.Assertion.NameID.Value {
			t.Errorf("the NameID is %s, the mail %s", kept.Assertion.NameID.Value, mail)
		}
	}
	return kept.Assertion.NameID.Value
}

// FuzzCallback brings any query to the callback, in a browser whose sign-in is
// under way: without the provider's code nobody gets in.
func FuzzCallback(f *testing.F) {
	p := oidctest.New(f, "")
	h := newHarness(f, quiet(f), p.Host())
	h.owns(mallory)
	h.trustsOIDC(p, nil)
	b := h.browser()
	query := b.providerAnswer("acme", p)
	state := query.Get("state")
	for _, seed := range []string{"state=$", "state=$&error=access_denied", "state=$&code=x&iss=" + url.QueryEscape(p.Issuer), "state=$&state=$&code=x", "code=x", "state=%00&code=x",
		"state=$&id_token=eyJhbGciOiJub25lIn0.e30.", "state=$;code=x", "%zz", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/sso/acme/oidc/callback", nil)
		r.URL.RawQuery = strings.ReplaceAll(raw, "$", state)
		if w := b.asked(t, r); w.Code < 400 || w.Code > 499 {
			t.Errorf("answered with %d", w.Code)
		}
	})
}

// FuzzSLO brings any logout message: a session ends by the word of the identity
// provider only.
func FuzzSLO(f *testing.F) {
	h := newHarness(f, quiet(f))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	b := h.browser()
	b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	about := b.session(idp.Person)
	for _, c := range samltest.LogoutCases {
		if raw := c.Build(idp, about); !c.Accept && len(raw) < 1<<16 {
			f.Add(raw, c.Post)
		}
	}
	f.Fuzz(func(t *testing.T, raw string, post bool) {
		r := httptest.NewRequest(http.MethodGet, "/sso/acme/saml/slo", nil)
		r.URL.RawQuery = raw
		if post {
			r = httptest.NewRequest(http.MethodPost, "/sso/acme/saml/slo", strings.NewReader(raw))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if w := b.asked(t, r); w.Code < 400 || w.Code > 499 {
			t.Errorf("answered with %d", w.Code)
		}
		b.lives(t)
	})
}

// FuzzBackChannel brings any logout token: a session ends by the word of the
// provider only.
func FuzzBackChannel(f *testing.F) {
	p := oidctest.New(f, "")
	h := newHarness(f, quiet(f), p.Host())
	h.owns(mallory)
	h.trustsOIDC(p, nil)
	b := h.browser()
	b.signedIn(b.signInOIDC(p, "/"), mallory)
	for _, c := range oidctest.Cases() {
		if c.Part != oidctest.Logout || c.Accept {
			continue
		}
		p.Logout, p.SignLogout = nil, nil
		c.Set(p)
		f.Add(p.LogoutToken("subject-of-mallory", "session-of-subject-of-mallory"))
	}
	f.Fuzz(func(t *testing.T, token string) {
		if w := b.asked(t, posted("/sso/acme/oidc/backchannel-logout", url.Values{"logout_token": {token}})); w.Code != http.StatusBadRequest {
			t.Errorf("answered with %d", w.Code)
		}
		b.lives(t)
	})
}

// lives fails the test when the session of b has ended.
func (b *browser) lives(t *testing.T) {
	t.Helper()
	if w := b.asked(t, httptest.NewRequest(http.MethodGet, "/sso/session", nil)); w.Code != http.StatusOK {
		t.Errorf("the session has ended: %d", w.Code)
	}
}
