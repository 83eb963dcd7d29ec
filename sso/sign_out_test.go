package sso_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// unconfirmed returns why sign-outs were not confirmed, as the log has it.
func (j *journal) unconfirmed() (reasons []string) {
	for _, line := range j.saying("sign-out not confirmed by the identity provider") {
		reason, _ := line["reason"].(string)
		reasons = append(reasons, reason)
	}
	return reasons
}

// saying returns what the log says under one message.
func (j *journal) saying(message string) (lines []map[string]any) {
	for line := range strings.Lines(j.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == message {
			lines = append(lines, fields)
		}
	}
	return lines
}

// TestSignOutUnconfirmed has the identity provider answer a sign-out of ours in
// a way that proves nothing, or that it failed. The session here is over, and
// that is what the person is told.
func TestSignOutUnconfirmed(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	status := func(top, second string) func(*etree.Element) {
		return func(e *etree.Element) {
			code := e.FindElement("./Status/StatusCode")
			code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:"+top)
			if second != "" {
				inner := etree.NewElement("samlp:StatusCode")
				inner.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:"+second)
				code.AddChild(inner)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		by     samltest.Signer
		post   bool
		change func(*etree.Element)
		reason string
	}{
		{"unsigned, by redirect", samltest.Signer{}, false, nil, "unsigned"},
		{"unsigned, by post", samltest.Signer{}, true, nil, "unsigned"},
		{"by a key that is not known", idp.Attacker, false, nil, "signature"},
		{"partial logout", idp.First, false, status("Responder", "PartialLogout"), "status"},
		{"a failure without a word", idp.First, false, status("Responder", ""), "status"},
		{"the request was refused", idp.First, false, status("Requester", ""), "status"},
		{"an answer to another request", idp.First, false, func(e *etree.Element) { e.CreateAttr("InResponseTo", "_other") }, "in-response-to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := h.on(t)
			b := h.browser()
			b.signedIn(b.signInSAML(idp, "/"), idp.Person)
			to, err := url.Parse(b.post("/sso/logout", nil, false).location)
			b.must(err)
			doc := etree.NewDocument()
			b.must(doc.ReadFromString(inflated(t, to.Query().Get("SAMLRequest"))))
			answer := idp.LogoutResponse(doc.Root().SelectAttrValue("ID", ""), b.url+"/sso/acme/saml/slo")
			if tt.change != nil {
				tt.change(answer)
			}
			relay := to.Query().Get("RelayState")
			raw := samltest.Query("SAMLResponse", answer, relay, tt.by)
			if tt.post {
				raw = samltest.PostForm("SAMLResponse", answer) + "&RelayState=" + url.QueryEscape(relay)
			}
			before := len(h.log.unconfirmed())
			p := b.logOut(raw, tt.post)
			if p.status != http.StatusOK || p.at.Path != "/sso/signed-out" || !strings.Contains(p.body, "You are signed out here") || !strings.Contains(p.body, "did not confirm") {
				t.Errorf("%d at %s: %s", p.status, p.at, p.body)
			}
			if who := b.who(); who != "" {
				t.Errorf("signed in as %q", who)
			}
			if logged := h.log.unconfirmed()[before:]; len(logged) != 1 || logged[0] != tt.reason {
				t.Errorf("the log says %q, want %s", logged, tt.reason)
			}
			b.refusedPage(b.logOut(raw, tt.post), "in-response-to") // it served
		})
	}
}

// TestSignOutWithManyGroups signs somebody out whose ID token is too long for an
// address.
func TestSignOutWithManyGroups(t *testing.T) {
	shared := newHarness(t, storetest.SQLite(t))
	for _, tt := range []struct {
		name   string
		groups int
		claims map[string]any
		hint   string // logout_hint; "": the ID token goes along
	}{
		{"few groups", 3, nil, ""},
		{"200 groups", 200, nil, mallory},
		{"200 groups, and Entra's own hint", 200, map[string]any{"login_hint": "O.CiQ-opaque", "preferred_username": mallory}, "O.CiQ-opaque"},
		{"200 groups, and a username", 200, map[string]any{"preferred_username": "mallory.moe"}, "mallory.moe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, p := shared.withProvider(t)
			p.Claims = func(claims map[string]any) {
				groups := make([]string, tt.groups)
				for i := range groups {
					groups[i] = fmt.Sprintf("6f1d7c2a-0000-4000-8000-%012d", i)
				}
				claims["groups"] = groups
				maps.Copy(claims, tt.claims)
			}
			b := h.browser()
			b.signedIn(b.signInOIDC(p, "/"), mallory)
			location := b.post("/sso/logout", nil, false).location
			to, err := url.Parse(location)
			b.must(err)
			query := to.Query()
			if len(location) > 2000 || query.Get("client_id") != oidctest.ClientID || query.Get("post_logout_redirect_uri") != b.url+"/sso/signed-out" {
				t.Errorf("%d bytes: %.300s", len(location), location)
			}
			if query.Get("logout_hint") != tt.hint || query.Has("id_token_hint") == (tt.hint != "") {
				t.Errorf("logout_hint %q, id_token_hint %t", query.Get("logout_hint"), query.Has("id_token_hint"))
			}
			if who := b.who(); who != "" {
				t.Errorf("signed in as %q", who)
			}
		})
	}
}

// nothingEnded is how often a logout message ended no session.
func (j *journal) nothingEnded() int {
	return len(j.saying("a logout message of the identity provider ended no session"))
}

// inCapitals stands for the name that a message has, in capitals.
const inCapitals = "(in capitals)"

// renamed returns a change of the NameID of a message.
func renamed(value string, attributes ...string) func(*etree.Element) {
	return func(e *etree.Element) {
		id := e.FindElement(".//NameID")
		switch value {
		case "":
		case inCapitals:
			id.SetText(strings.ToUpper(id.Text()))
		default:
			id.SetText(value)
		}
		for i := 0; i+1 < len(attributes); i += 2 {
			id.CreateAttr(attributes[i], attributes[i+1])
		}
	}
}

// TestLogoutByValue has the identity provider end a session in other words than
// it began it in.
func TestLogoutByValue(t *testing.T) {
	const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		opaque := renamed("aBc%_x", "Format", persistent)
		for i, tt := range []struct {
			name    string
			signIn  func(*etree.Element)
			logout  func(*etree.Element)
			ends    bool
			subject string // attribute that is the account key
		}{
			{"our entity ID as SPNameQualifier", nil, renamed("", "SPNameQualifier", h.url+"/sso/acme/saml/metadata"), true, ""},
			{"both qualifiers", nil, renamed("", "SPNameQualifier", "x", "NameQualifier", idpID), true, ""},
			{"qualifiers at the sign-in only", renamed("", "SPNameQualifier", "x", "NameQualifier", idpID), nil, true, ""},
			{"an address in other letter case", nil, renamed(inCapitals), true, ""},
			{"an address in other letter case, and qualifiers", renamed(inCapitals), renamed("", "NameQualifier", idpID), true, ""},
			{"an attribute is the account key", nil, nil, true, "mail"},
			{"an opaque name", opaque, opaque, true, ""},
			{"an opaque name in other letter case", opaque, renamed("abc%_x", "Format", persistent), false, ""},
			{"an opaque name that is a pattern of the other", renamed("abcdxx", "Format", persistent), renamed("abc%_x", "Format", persistent), false, ""},
			{"another qualifier", renamed("", "NameQualifier", "one"), renamed("", "NameQualifier", "two"), false, ""},
			{"somebody else", nil, renamed(idp.Victim), false, ""},
			{"a longer name", nil, renamed("person-11@corp.example.test.example"), false, ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				h, idp := h.beside(t), *idp
				idp.Person = fmt.Sprintf("person-%d@corp.example.test", i)
				h.trusts(&idp, func(s *protocol.SAML) {
					if tt.subject != "" {
						s.Claims = protocol.Claims{protocol.ClaimSubject: tt.subject}
					}
				})
				for _, indexed := range []bool{false, true} {
					b := h.browser()
					request, relay := b.pending("/sso/acme/login?return_to=/")
					m := idp.Message(request, idp.Person)
					apply(tt.signIn, m.Assertion())
					idp.Sign(m.Assertion(), samltest.Signature{})
					b.answer(m.Form(), relay)
					who := b.who()
					if who == "" {
						t.Fatalf("not signed in: %s", tail(h.log))
					}
					format := m.Assertion().FindElement(".//NameID").SelectAttrValue("Format", "")
					logout := idp.LogoutRequest(samltest.Session{NameID: idp.Person, NameIDFormat: format,
						SessionIndex: m.Assertion().SelectElement("saml:AuthnStatement").SelectAttrValue("SessionIndex", ""), SLOURL: b.url + "/sso/acme/saml/slo"})
					apply(tt.logout, logout)
					if !indexed {
						logout.RemoveChild(logout.SelectElement("samlp:SessionIndex"))
					}
					before := h.log.nothingEnded()
					if p := h.browser().logOut(samltest.Query("SAMLRequest", logout, "", idp.First), false); p.status >= 400 {
						t.Fatalf("%d: %s", p.status, tail(h.log))
					}
					now := b.who()
					if tt.ends != (now == "") {
						t.Errorf("with an index %t: signed in as %q, was %q", indexed, now, who)
					}
					if nothing := h.log.nothingEnded() - before; (nothing == 1) == tt.ends {
						t.Errorf("with an index %t: the log says %d times that nothing ended", indexed, nothing)
					}
				}
			})
		}
		logoutOvertakesByValue(t, h, idp)
	})
}

func apply(change func(*etree.Element), e *etree.Element) {
	if change != nil {
		change(e)
	}
}

// logoutOvertakesByValue has the logout request come in, in other words, while
// the answer is on its way.
func logoutOvertakesByValue(t *testing.T, h *harness, idp *samltest.IdP) {
	for name, change := range map[string]func(*etree.Element){
		"qualifiers":   renamed("", "SPNameQualifier", "x", "NameQualifier", idpID),
		"letter case":  renamed(inCapitals),
		"no index yet": nil,
	} {
		t.Run("overtaken, "+name, func(t *testing.T) {
			h := h.on(t)
			b := h.browser()
			request, relay := b.pending("/sso/acme/login?return_to=/")
			m := idp.Message(request, idp.Person)
			if change == nil {
				m.Assertion().SelectElement("saml:AuthnStatement").RemoveAttr("SessionIndex")
			}
			idp.Sign(m.Assertion(), samltest.Signature{})
			later := *idp
			later.Now = func() time.Time { return time.Now().Add(2 * time.Second) }
			logout := later.LogoutRequest(samltest.Session{NameID: idp.Person, SessionIndex: "some-index", SLOURL: b.url + "/sso/acme/saml/slo"})
			if change != nil {
				change(logout)
				logout.RemoveChild(logout.SelectElement("samlp:SessionIndex"))
			}
			if p := h.browser().logOut(samltest.Query("SAMLRequest", logout, "", idp.First), false); p.status >= 400 {
				t.Fatalf("%d: %s", p.status, tail(h.log))
			}
			b.refused(b.answer(m.Form(), relay), "ended")
		})
	}
}

// TestLogoutTokenOfUnknownSession has a provider name sessions in logout tokens,
// and not in ID tokens.
func TestLogoutTokenOfUnknownSession(t *testing.T) {
	onEach(t, func(h *harness, t *testing.T) {
		for _, tt := range []struct {
			name     string
			withSID  bool // in the ID token
			sub, sid string
			ends     bool
		}{
			{"no sid, logged out by sub and sid", false, "subject-of-mallory", "some-session", true},
			{"another sid, logged out by sub and sid", true, "subject-of-mallory", "some-session", false},
			{"no sid, somebody else is logged out", false, "subject-of-vera", "some-session", false},
			{"no sid, logged out by sid alone", false, "", "some-session", false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				h, p := h.withProvider(t)
				p.Claims = func(claims map[string]any) {
					if !tt.withSID {
						delete(claims, "sid")
					}
				}
				b := h.browser()
				b.signedIn(b.signInOIDC(p, "/"), mallory)
				before := h.log.nothingEnded()
				if answer := h.browser().backchannelLogout(p.LogoutToken(tt.sub, tt.sid)); answer.status != http.StatusOK {
					t.Fatalf("%d: %s", answer.status, tail(h.log))
				}
				if who := b.who(); tt.ends != (who == "") {
					t.Errorf("signed in as %q", who)
				}
				if nothing := h.log.nothingEnded() - before; (nothing == 1) == tt.ends {
					t.Errorf("the log says %d times that nothing ended", nothing)
				}
			})
		}
		t.Run("overtaken", func(t *testing.T) {
			h, p := h.withProvider(t)
			p.Claims = func(claims map[string]any) {
				delete(claims, "sid")
				claims["iat"] = time.Now().Add(-5 * time.Second).Unix()
			}
			b := h.browser()
			query, err := p.Authorize(b.get("/sso/acme/login?via=oidc").location)
			b.must(err)
			if answer := h.browser().backchannelLogout(p.LogoutToken("subject-of-mallory", "some-session")); answer.status != http.StatusOK {
				t.Fatalf("%d: %s", answer.status, tail(h.log))
			}
			b.refused(b.get("/sso/acme/oidc/callback?"+query.Encode()), "ended")
		})
	})
}
