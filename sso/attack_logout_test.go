package sso_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

const endsSession = "ends the session"

// session is the session of who is signed in by SAML in b, as the identity
// provider knows it.
func (b *browser) session(userName string) samltest.Session {
	b.Helper()
	kept := b.record(userName)
	if len(kept.Sessions) == 0 {
		b.Fatalf("%s has no session", userName)
	}
	all, err := b.core.Sessions.Sessions(b.Context(), provision.SessionFilter{ID: kept.Sessions[0]}, 0)
	b.must(err)
	var id saml.NameID
	b.must(json.Unmarshal([]byte(all[0].NameID), &id))
	return samltest.Session{NameID: id.Value, NameIDFormat: id.Format, SessionIndex: all[0].Index, SLOURL: b.url + "/sso/acme/saml/slo"}
}

// logOut brings a logout message as the identity provider has a browser do it.
func (b *browser) logOut(raw string, post bool) page {
	b.Helper()
	if !post {
		return b.get("/sso/acme/saml/slo?" + raw)
	}
	form, err := url.ParseQuery(raw)
	b.must(err)
	return b.post("/sso/acme/saml/slo", form, true)
}

func samlLogouts(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.administrator(idp.Victim)
		before := h.record(idp.Victim)
		var b *browser
		for _, c := range samltest.LogoutCases {
			t.Run(c.ID, func(t *testing.T) {
				h := h.on(t)
				if b == nil {
					b = h.browser()
					b.signedIn(b.signInSAML(idp, "/"), idp.Person)
				}
				b.harness = h
				p := h.browser().logOut(c.Build(idp, b.session(idp.Person)), c.Post)
				if c.Accept {
					if p.status >= 400 || b.who() != "" {
						t.Fatalf("%d, still signed in as %q: %s", p.status, b.who(), tail(h.log))
					}
					l.note(t, c.ID, "a logout request "+c.Title, endsSession)
					b = nil
					return
				}
				b.refusedPage(p, string(c.Reason))
				if b.who() != idp.Person {
					t.Error("the session has ended")
				}
				h.unharmed(before)
				l.note(t, c.ID, "a logout request: "+c.Title, refusedFor(string(c.Reason))+"; the session stays")
			})
		}
		samlLogoutsMore(t, l, h, idp)
		samlLogoutOvertakes(t, l, h, idp)
	})
}

func samlLogoutsMore(t *testing.T, l *ledger, h *harness, idp *samltest.IdP) {
	t.Run("SL01e", func(t *testing.T) { // two devices, one of them signs out
		h := h.on(t)
		one, two := h.browser(), h.browser()
		one.signedIn(one.signInSAML(idp, "/"), idp.Person)
		first := one.session(idp.Person)
		two.signedIn(two.signInSAML(idp, "/"), idp.Person)
		if p := h.browser().logOut(samltest.Query("SAMLRequest", idp.LogoutRequest(first), "", idp.First), false); p.status >= 400 {
			t.Fatalf("%d: %s", p.status, tail(h.log))
		}
		if one.who() != "" || two.who() != idp.Person {
			t.Errorf("signed in as %q and %q; want the first to have ended", one.who(), two.who())
		}
		everywhere := idp.LogoutRequest(first)
		for _, index := range everywhere.SelectElements("samlp:SessionIndex") {
			everywhere.RemoveChild(index)
		}
		h.browser().logOut(samltest.Query("SAMLRequest", everywhere, "", idp.First), false)
		if two.who() != "" {
			t.Errorf("still signed in as %q", two.who())
		}
		l.note(t, "SL01e", "a logout request for one of two sessions, then one for all", endsSession+" that it names, then the other")
	})
	t.Run("SL10", func(t *testing.T) {
		h := h.on(t)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		raw := samltest.Query("SAMLRequest", idp.LogoutRequest(b.session(idp.Person)), "", idp.First)
		h.browser().logOut(raw, false)
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		b.refusedPage(h.browser().logOut(raw, false), "replay")
		if b.who() != idp.Person {
			t.Error("the session has ended")
		}
		l.note(t, "SL10", "a logout request again", refusedFor("replay")+"; the session stays")
	})
	t.Run("SL11", func(t *testing.T) {
		h := h.on(t)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		answer := idp.LogoutResponse("_made-up", b.url+"/sso/acme/saml/slo")
		b.refusedPage(b.logOut(samltest.Query("SAMLResponse", answer, "made-up", idp.First), false), string(saml.ReasonInResponseTo))
		if b.who() != idp.Person {
			t.Error("the session has ended")
		}
		l.note(t, "SL11", "an answer to a logout that is not under way", refusedFor(string(saml.ReasonInResponseTo))+"; the session stays")
	})
	t.Run("SL12", func(t *testing.T) {
		b := h.on(t).browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		p := b.post("/sso/logout", nil, false)
		to, err := url.Parse(p.location)
		b.must(err)
		doc := etree.NewDocument()
		b.must(doc.ReadFromString(inflated(t, to.Query().Get("SAMLRequest"))))
		if doc.Root().Tag != "LogoutRequest" || b.who() != "" {
			t.Fatalf("%s, signed in as %q", doc.Root().Tag, b.who())
		}
		answer := idp.LogoutResponse(doc.Root().SelectAttrValue("ID", ""), b.url+"/sso/acme/saml/slo")
		raw := samltest.Query("SAMLResponse", answer, to.Query().Get("RelayState"), idp.First)
		if p := b.logOut(raw, false); p.status != http.StatusOK || p.at.Path != "/sso/signed-out" {
			t.Errorf("after the answer: %d at %s", p.status, p.at)
		}
		b.refusedPage(b.logOut(raw, false), string(saml.ReasonInResponseTo))
		l.note(t, "SL12", "signing out here signs out at the identity provider; its answer, once and again", endsSession+"; the second time "+refusedFor(string(saml.ReasonInResponseTo)))
	})
}

// samlLogoutOvertakes has a logout request come in while the answer that it is
// about is on its way (SAML core §3.7.3.2).
func samlLogoutOvertakes(t *testing.T, l *ledger, h *harness, idp *samltest.IdP) {
	for id, all := range map[string]bool{"SL13": false, "SL13b": true} {
		t.Run(id, func(t *testing.T) {
			h := h.on(t)
			b := h.browser()
			request, relay := b.pending("/sso/acme/login?return_to=/")
			m := idp.Message(request, idp.Person)
			idp.Sign(m.Assertion(), samltest.Signature{})
			authn := m.Assertion().SelectElement("saml:AuthnStatement")
			now := idp.Now
			idp.Now = func() time.Time { return now().Add(2 * time.Second) }
			defer func() { idp.Now = now }()
			logout := idp.LogoutRequest(samltest.Session{NameID: idp.Person, NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
				SessionIndex: authn.SelectAttrValue("SessionIndex", ""), SLOURL: b.url + "/sso/acme/saml/slo"})
			title := "a logout request that comes in before the answer of its session"
			if all {
				logout.RemoveChild(logout.SelectElement("samlp:SessionIndex"))
				title = "the same for all sessions"
			}
			if p := h.browser().logOut(samltest.Query("SAMLRequest", logout, "", idp.First), false); p.status >= 400 {
				t.Fatalf("%d: %s", p.status, tail(h.log))
			}
			b.refusedPage(b.answer(m.Form(), relay), "ended")
			if b.who() != "" {
				t.Errorf("signed in as %q", b.who())
			}
			b.signedIn(b.signInSAML(idp, "/"), idp.Person) // whoever signs in again may
			l.note(t, id, title, refusedFor("ended")+"; a new sign-in is taken")
		})
	}
}

// backchannelLogout posts a logout token, as a provider does it.
func (b *browser) backchannelLogout(token string) page {
	b.Helper()
	return b.post("/sso/acme/oidc/backchannel-logout", url.Values{"logout_token": {token}}, true)
}

func oidcLogouts(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		for _, c := range oidctest.Cases() {
			if c.Part != oidctest.Logout {
				continue
			}
			t.Run(c.ID, func(t *testing.T) {
				h, p := h.withProvider(t)
				b := h.browser()
				b.signedIn(b.signInOIDC(p, "/"), mallory)
				before := h.record(mallory)
				c.Set(p)
				token := p.LogoutToken("subject-of-mallory", "session-of-subject-of-mallory")
				answer := h.browser().backchannelLogout(token)
				if c.Accept {
					if answer.status != http.StatusOK || answer.header.Get("Cache-Control") != "no-store" || b.who() != "" {
						t.Fatalf("%d, still signed in as %q: %s", answer.status, b.who(), tail(h.log))
					}
					result := endsSession
					if c.ID == "OB02" { // the same jti, for a session that began after it
						b.signedIn(b.signInOIDC(p, "/"), mallory)
						b.refusedPage(h.browser().backchannelLogout(p.LogoutToken("subject-of-mallory", "")), "replay")
						if b.who() != mallory {
							t.Error("the session has ended")
						}
						result = refusedFor("replay") + "; the session stays"
					}
					l.note(t, c.ID, "a logout token: "+c.Title, result)
					return
				}
				b.refusedPage(answer, c.Reason)
				if answer.status != http.StatusBadRequest {
					t.Errorf("answered with %d", answer.status)
				}
				if b.who() != mallory {
					t.Error("the session has ended")
				}
				h.unharmed(before)
				l.note(t, c.ID, "a logout token: "+c.Title, refusedFor(c.Reason)+"; the session stays")
			})
		}
		for id, sid := range map[string]string{"OB19": "session-of-subject-of-mallory", "OB19b": ""} {
			t.Run(id, func(t *testing.T) {
				h, p := h.withProvider(t)
				p.Claims = func(claims map[string]any) { claims["iat"] = time.Now().Add(-5 * time.Second).Unix() }
				b := h.browser()
				query, err := p.Authorize(b.get("/sso/acme/login?via=oidc").location)
				b.must(err)
				if answer := h.browser().backchannelLogout(p.LogoutToken("subject-of-mallory", sid)); answer.status != http.StatusOK {
					t.Fatalf("%d: %s", answer.status, tail(h.log))
				}
				b.refusedPage(b.get("/sso/acme/oidc/callback?"+query.Encode()), "ended")
				p.Claims = nil
				b.signedIn(b.signInOIDC(p, "/"), mallory)
				l.note(t, id, "a logout token that comes in before the ID token of its session, sid "+strconv.FormatBool(sid != ""), refusedFor("ended")+"; a new sign-in is taken")
			})
		}
		for id, form := range map[string]url.Values{"OB15": {}, "OB16": {"logout_token": {"a", "b"}}, "OB17": {"logout_token": {string(make([]byte, 70<<10))}}} {
			t.Run(id, func(t *testing.T) {
				h, _ := h.withProvider(t)
				b := h.browser()
				b.refused(b.post("/sso/acme/oidc/backchannel-logout", form, true), "malformed")
				title := map[string]string{"OB15": "no logout token", "OB16": "two logout tokens", "OB17": "a logout token of 70 KB"}[id]
				l.note(t, id, title, refusedFor("malformed"))
			})
		}
		t.Run("OB18", func(t *testing.T) {
			h, p := h.withProvider(t)
			b := h.browser()
			b.signedIn(b.signInOIDC(p, "/"), mallory)
			for _, query := range []string{"", "iss=" + url.QueryEscape(p.Issuer), "iss=" + url.QueryEscape(p.Issuer) + "&sid=", "iss=https%3A%2F%2Fother.example&sid=session-of-subject-of-mallory",
				"iss=" + url.QueryEscape(p.Issuer) + "&sid=session-of-subject-of-mallory&sid=b"} {
				b.refusedPage(h.browser().get("/sso/acme/oidc/frontchannel-logout?"+query), "sub_or_sid")
			}
			for _, sid := range []string{"another", "%00", "%ff"} {
				if p := h.browser().get("/sso/acme/oidc/frontchannel-logout?iss=" + url.QueryEscape(p.Issuer) + "&sid=" + sid); p.status >= 500 {
					t.Errorf("sid %s: %d %s", sid, p.status, tail(h.log))
				}
			}
			if b.who() != mallory {
				t.Error("the session has ended")
			}
			l.note(t, "OB18", "a front-channel logout that names no session, another one, or another issuer", "the session stays")
		})
	})
}
