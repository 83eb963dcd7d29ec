package sso_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"

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
	h := newHouse(t, storetest.SQLite(t))
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
	shared := newHouse(t, storetest.SQLite(t))
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
