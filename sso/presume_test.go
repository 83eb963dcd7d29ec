package sso_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/limit"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
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
