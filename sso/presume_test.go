package sso_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestOnlyTheProviderOfNowIsAsked: an OpenID provider that a connection has no
// more, or may not sign anybody in any more, learns neither the code nor the
// client secret, however short a time ago that was.
func TestOnlyTheProviderOfNowIsAsked(t *testing.T) {
	before, after := oidctest.New(t, ""), oidctest.New(t, "")
	h := newHarness(t, storetest.SQLite(t), before.Host(), after.Host())
	h.owns(mallory)
	for name, change := range map[string]func(){
		"another provider": func() { h.trustsOIDC(after, nil) },
		"switched off":     func() { h.set(func(s *provision.SignIn) { s.Disabled = true }) },
		"no provider":      func() { h.set(func(s *provision.SignIn) { s.OIDC = nil }) },
	} {
		h.set(func(s *provision.SignIn) { s.Disabled = false })
		h.trustsOIDC(before, nil)
		b := h.browser()
		callback := "/sso/acme/oidc/callback?" + b.providerAnswer("acme", before).Encode()
		h.browser().get("/sso/acme/oidc/callback?state=a&state=b") // what the connection was is remembered
		asked := before.Requests("/token")
		change()
		if p := b.get(callback); p.status < 400 || b.who() != "" {
			t.Errorf("%s: %d to %q", name, p.status, p.location)
		}
		if n := before.Requests("/token") - asked; n != 0 {
			t.Errorf("%s: the provider of before was shown a code %d times", name, n)
		}
	}
}

// TestAnswersAreJudgedByTheSettingsOfNow: what a connection was a moment ago is
// presumed while a SAML answer is judged. What it is decides, and an address that it
// has no more is not asked for keys.
func TestAnswersAreJudgedByTheSettingsOfNow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		source := publish(t)
		h := newHarness(t, s, source.host)
		idp := samltest.New(idpID)
		next := rolled(idp)
		source.text(string(idp.Metadata()))
		keys := func(signers ...samltest.Signer) func() {
			return func() { h.trusts(idp, func(s *protocol.SAML) { s.Metadata = string(idp.Metadata(signers...)) }) }
		}
		published := func() { h.trusts(idp, func(s *protocol.SAML) { s.Metadata, s.MetadataURL = "", source.url }) }
		for _, tt := range []struct {
			what          string
			before, after func()
			signs         *samltest.IdP
			refused       string
		}{
			{"a key that is trusted no more", keys(idp.First), keys(idp.Attacker), idp, "signature"},
			{"a key that is trusted now", keys(idp.First), keys(idp.Attacker), next, ""},
			{"switched off", keys(idp.First), func() { h.set(func(s *provision.SignIn) { s.Disabled = true }) }, idp, "disabled"},
			{"metadata at an address that is gone", published, keys(idp.First), next, "signature"},
		} {
			h.set(func(s *provision.SignIn) { s.Disabled = false })
			tt.before()
			b := h.browser()
			form := b.answered(tt.signs, "/sso/acme/login")
			asked := source.asked.Load()
			tt.after()
			p := b.post("/sso/acme/saml/acs", form, true)
			if tt.refused != "" {
				b.refused(p, tt.refused)
			} else if b.who() == "" {
				t.Errorf("%s: %d: %s", tt.what, p.status, tail(h.log))
			}
			if n := source.asked.Load() - asked; n != 0 {
				t.Errorf("%s: the address was asked %d times", tt.what, n)
			}
		}
	})
}

// answered begins a sign-in and returns the form that the identity provider answers with.
func (b *browser) answered(idp *samltest.IdP, path string) url.Values {
	b.Helper()
	request, relay := b.pending(path)
	m := idp.Message(request, idp.Person)
	idp.Sign(m.Assertion(), samltest.Signature{})
	form := m.Form()
	form.Set("RelayState", relay)
	return form
}

// TestLongAnswersAreNotReadOnAGuess: an answer that is longer than what is read
// before its connection has been looked up is judged all the same.
func TestLongAnswersAreNotReadOnAGuess(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	b := h.browser()
	form := b.answered(idp, "/sso/acme/login")
	form.Set("padding", strings.Repeat("x", 70<<10))
	b.signedIn(b.post("/sso/acme/saml/acs", form, true), idp.Person)
}

// TestNothingIsNotedTwice: a request that begins anew, because its connection is
// not what it was a moment ago, is counted once, told once to log and audit log,
// and is one of the requests that the connection may be asked.
func TestNothingIsNotedTwice(t *testing.T) {
	st := storetest.SQLite(t)
	h := newHarness(t, st)
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	b := h.browser()
	request, relay := b.pending("/sso/acme/login")
	m := idp.Message(request, idp.Person)
	idp.Sign(m.Assertion(), samltest.Signature{})
	form := m.Form()
	form.Set("RelayState", relay)
	finish := strings.TrimPrefix(b.finishOf(form), b.url)
	changed := func() {
		h.browser().get("/sso/acme/login") // what the connection is, is remembered
		_, err := st.DB().ExecContext(t.Context(), `UPDATE connections SET created_at = created_at + 1`)
		h.must(err)
	}

	changed()
	h.browser().refused(h.browser().get(finish), "pending") // another browser
	h.measures(map[string]float64{`sign_ins_total{connection="acme",protocol="saml",result="pending"}`: 1})
	if n := strings.Count(h.log.String(), "sign-in refused"); n != 1 {
		t.Errorf("the log tells %d times of one refusal:\n%s", n, h.log)
	}
	if strings.Contains(h.log.String(), `"level":"ERROR"`) {
		t.Errorf("an error is logged:\n%s", h.log)
	}
	if n := len(h.auditLines(audit.LoginRefused)); n != 1 {
		t.Errorf("the audit log tells %d times of one refusal", n)
	}

	narrow := h.browser()
	server := *h
	still := time.Now() // else an address may ask again as time passes
	server.sso = sso.New(ssoCore(h.core), sso.Options{PublicURL: h.url, Log: slog.New(slog.NewJSONHandler(h.log, nil)), RequestID: numberOf, Now: func() time.Time { return still },
		Limits: limit.Limits{PerSecond: 1e6, Burst: 1e6, ConnectionPerSecond: 1e-9, ConnectionBurst: 1}})
	narrow.harness = &server
	ask := func() int {
		return narrow.asked(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, finish, http.NoBody)).Code
	}
	changed()
	const modest = 20 // that an address may ask beyond what is everybody's
	for i := range 1 + modest {
		if status := ask(); status == http.StatusTooManyRequests {
			t.Fatalf("request %d of %d is one too many", i+1, 1+modest)
		}
	}
	changed()
	if status := ask(); status != http.StatusTooManyRequests {
		t.Errorf("one too many: %d", status)
	}
}
