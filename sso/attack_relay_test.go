package sso_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// samlRelays tries where one can be led by RelayState and return_to.
func samlRelays(t *testing.T, l *ledger, h *harness, idp *samltest.IdP) {
	targets := []struct{ name, to string }{
		{"`https://evil.test/`", "https://evil.test/"}, {"`//evil.test/`", "//evil.test/"}, {"`/\\evil.test`", `/\evil.test`},
		{"`javascript:alert(1)`", "javascript:alert(1)"}, {"`https:evil.test`", "https:evil.test"}, {"a tab between two slashes", "/\t/evil.test"},
	}
	for i, target := range targets {
		id := "SR0" + string(rune('1'+i))
		t.Run(id, func(t *testing.T) {
			v := h.on(t).browser().begins("acme")
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
		v := b.begins("acme")
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
func samlUnasked(t *testing.T, l *ledger, h *harness, idp *samltest.IdP) {
	h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = true })
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
		v := h.on(t).browser().begins("acme")
		v.request.ID = "_unknown"
		v.refused(v.postAnswer("acme", v.good(idp, idp.Person), "/tickets/1"), string(saml.ReasonInResponseTo))
		l.note(t, "SF15", "an answer to an unknown request, where answers to none are allowed", refusedFor(string(saml.ReasonInResponseTo)))
	})
}

// begun is the sign-in to which a page sends the browser.
func (b *browser) begun(p page, connection string) attempt {
	b.Helper()
	to, err := url.Parse(p.location)
	b.must(err)
	return attempt{b, connection, samltest.Request{ID: requestIDIn(b, to.Query().Get("SAMLRequest")), EntityID: b.url + "/sso/" + connection + "/saml/metadata",
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
