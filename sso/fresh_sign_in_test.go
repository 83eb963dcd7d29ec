package sso_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/deskidp"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const (
	deskSecret   = "a-secret-of-many-characters"
	deskCallback = "https://desk.example.test/callback"
	deskEntityID = "https://desk.example.test/metadata"
	deskACS      = "https://desk.example.test/acs"
)

var deskKey = sync.OnceValues(func() (pair [2][]byte, err error) {
	pair[0], pair[1], err = deskidp.NewKey()
	return pair, err
})

// signsInToDesks adds the identity provider of desks, and a desk that takes
// both protocols. Whoever is pushed as an agent is let in there.
func (h *harness) signsInToDesks() {
	h.Helper()
	_, err := h.core.Settings.Keys(h.Context(), settings.KeyDesk, func() (private, certificate []byte, err error) {
		pair, err := deskKey()
		return pair[0], pair[1], err
	})
	h.must(err)
	desks, err := deskidp.New(deskidp.Core{DeskSessions: h.core.DeskSessions, Sessions: h.core.Sessions, Settings: h.core.Settings},
		deskidp.Options{PublicURL: h.url, Portal: h.sso, RequestID: numberOf})
	h.must(err)
	h.sso.Mount(desks)
	h.deskOf("support", protocol.DeskSignIn{
		SAML: &protocol.DeskSAML{EntityID: deskEntityID, ACSURL: deskACS},
		OIDC: &protocol.DeskOIDC{ClientID: "support", ClientSecret: deskSecret, RedirectURIs: []string{deskCallback}},
	})
}

// deskOf adds a desk on which every agent has an account.
func (h *harness) deskOf(name string, s protocol.DeskSignIn) provision.Desk {
	h.Helper()
	desk, err := h.core.Settings.AddDesk(h.Context(), byTest, provision.Desk{Name: name, Kind: builtin.Kind, URL: "https://" + name + ".example.test", SignIn: s})
	h.must(err)
	_, err = h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
	h.must(err)
	return desk
}

// agent pushes somebody whose accounts are all there.
func (h *harness) agent(address string) {
	h.Helper()
	person, _, err := h.core.Directory.CreateIdentity(h.Context(), h.conn.ID, byTest, pushed(address, "agent"))
	h.must(err)
	h.confirmAccess(person.ID)
}

// authorizes is an authorization request of the desk.
func authorizes(more ...string) string {
	q := url.Values{"client_id": {"support"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {deskCallback}, "state": {"s"}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/sso/idp/oidc/authorize?" + q.Encode()
}

// asksBySAML is an AuthnRequest of the desk.
func (h *harness) asksBySAML(attributes string) string {
	h.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	h.must(err)
	fmt.Fprintf(w, `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_desk" Version="2.0" IssueInstant="%s" %s>`+
		`<saml:Issuer>%s</saml:Issuer></samlp:AuthnRequest>`, time.Now().UTC().Format(time.RFC3339), attributes, deskEntityID)
	h.must(w.Close())
	return "/sso/idp/saml/support/sso?" + url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(packed.Bytes())}}.Encode()
}

// authTime is what the desk is told of when the person proved who they are,
// after p has sent the browser to it with a code; zero when it is told nothing.
func (b *browser) authTime(p page) time.Time {
	b.Helper()
	to, err := url.Parse(p.location)
	b.must(err)
	if !strings.HasPrefix(p.location, deskCallback) || to.Query().Get("code") == "" {
		b.Fatalf("no code for the desk: %d to %q\n%s\n%s", p.status, p.location, p.body, tail(b.log))
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": to.Query()["code"], "redirect_uri": {deskCallback}}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.url+"/sso/idp/oidc/token", strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("support", deskSecret)
	res, err := http.DefaultClient.Do(r)
	b.must(err)
	defer res.Body.Close()
	var tokens struct {
		IDToken string `json:"id_token"`
	}
	b.must(json.NewDecoder(res.Body).Decode(&tokens))
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(tokens.IDToken, ".")[1])
	b.must(err)
	var claims struct {
		AuthTime int64 `json:"auth_time"`
	}
	b.must(json.Unmarshal(payload, &claims))
	if claims.AuthTime == 0 {
		return time.Time{}
	}
	return time.Unix(claims.AuthTime, 0)
}

var responseIn = regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`)

// samlAnswerTo reads what a page has the browser post to the desk.
func (b *browser) samlAnswerTo(p page) *etree.Element {
	b.Helper()
	found := responseIn.FindStringSubmatch(p.body)
	if p.status != http.StatusOK || found == nil {
		b.Fatalf("no answer for the desk: %d at %s\n%s\n%s", p.status, p.at, p.body, tail(b.log))
	}
	raw, err := base64.StdEncoding.DecodeString(html.UnescapeString(found[1]))
	b.must(err)
	doc := etree.NewDocument()
	b.must(doc.ReadFromBytes(raw))
	return doc.Root()
}

func about(a, b time.Time) bool { d := a.Sub(b); return d > -2*time.Second && d < 2*time.Second }

// heads goes to where a desk has sent the browser for a new sign-in, and fails
// the test unless it got as far as the identity provider.
func (b *browser) heads(p page) url.Values {
	b.Helper()
	to, err := url.Parse(p.location)
	b.must(err)
	if p.status != http.StatusSeeOther || p.location == "" || strings.HasPrefix(p.location, "https://desk.example.test") {
		b.Fatalf("nobody is sent to the identity provider: %d to %q at %s\n%s\n%s", p.status, p.location, p.at, p.body, tail(b.log))
	}
	return to.Query()
}

// TestFreshSignInBySAML has a desk ask for a fresh sign-in of somebody who is
// signed in here, by way of a SAML identity provider: that one is asked for it,
// and what it says counts.
func TestFreshSignInBySAML(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.signsInToDesks()
		h.agent(idp.Person)
		answers := func(b *browser, p page, ago time.Duration) page {
			h.Helper()
			if request := inflated(b, b.heads(p).Get("SAMLRequest")); !strings.Contains(request, `ForceAuthn="true"`) {
				h.Errorf("the identity provider is not asked for a fresh sign-in: %s", request)
			}
			v := b.begun(p, "acme")
			return v.answeredWith(v.changed(idp, idp.Person, func(a *etree.Element) {
				a.FindElement(".//AuthnStatement").CreateAttr("AuthnInstant", time.Now().Add(-ago).UTC().Format(time.RFC3339))
			}))
		}
		for name, asks := range map[string]string{"prompt=login": authorizes("prompt", "login"), "max_age=0": authorizes("max_age", "0"),
			"select_account": authorizes("prompt", "select_account"), "max_age=60": authorizes("max_age", "60")} {
			b := h.browser()
			b.signInSAML(idp, "/")
			if name == "max_age=60" { // it has been longer
				first := h.browser()
				v := first.begins("acme")
				v.answeredWith(v.changed(idp, idp.Person, func(a *etree.Element) {
					a.FindElement(".//AuthnStatement").CreateAttr("AuthnInstant", time.Now().Add(-8*time.Hour).UTC().Format(time.RFC3339))
				}))
				b = first
			}
			p := answers(b, b.get(asks), time.Minute)
			if at := b.authTime(p); !about(at, time.Now().Add(-time.Minute)) {
				h.Errorf("%s: auth_time is %s, want that of the identity provider", name, at)
			}
			p = answers(b, b.get(authorizes("prompt", "login")), 8*time.Hour)
			if !strings.Contains(p.location, "error=login_required") {
				h.Errorf("%s, then a silent answer of hours ago: %d to %s\n%s", name, p.status, p.location, p.body)
			}
		}

		b := h.browser()
		b.signInSAML(idp, "/")
		forced := h.asksBySAML(`ForceAuthn="true"`)
		statement := b.samlAnswerTo(answers(b, b.get(forced), time.Minute)).FindElement(".//AuthnStatement")
		if at, err := time.Parse(time.RFC3339, statement.SelectAttrValue("AuthnInstant", "")); err != nil || !about(at, time.Now().Add(-time.Minute)) {
			h.Errorf("AuthnInstant is %s, want that of the identity provider", at)
		}
		stale := b.samlAnswerTo(answers(b, b.get(forced), 8*time.Hour))
		if stale.FindElement(".//StatusCode[@Value='urn:oasis:names:tc:SAML:2.0:status:AuthnFailed']") == nil || stale.FindElement("./Assertion") != nil {
			h.Errorf("after a silent answer of hours ago the desk gets an assertion, or no word of what failed")
		}
		// Without a demand, an old sign-in will do, and is told as what it is.
		if at := b.authTime(b.get(authorizes())); !about(at, time.Now().Add(-8*time.Hour)) {
			h.Errorf("auth_time is %s, want that of 8 hours ago", at)
		}
	})
}

// TestFreshSignInByForm has the desk send its request by a form, which comes
// without cookies.
func TestFreshSignInByForm(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	h.signsInToDesks()
	h.agent(idp.Person)
	b := h.browser()
	b.signInSAML(idp, "/")
	asked, err := url.Parse(authorizes("prompt", "login"))
	h.must(err)
	p := b.post("/sso/idp/oidc/authorize", asked.Query(), true)
	b.heads(p)
	v := b.begun(p, "acme")
	b.authTime(v.answeredWith(v.good(idp, idp.Person)))
}

// TestFreshSignInByOIDC is the same by way of an OpenID provider, which may not
// say when somebody proved who they are.
func TestFreshSignInByOIDC(t *testing.T) {
	provider := oidctest.New(t, "")
	h := newHarness(t, storetest.SQLite(t), provider.Host())
	h.trustsOIDC(provider, nil)
	h.owns(mallory)
	h.signsInToDesks()
	h.agent(mallory)
	for _, tt := range []struct {
		asks                     []string
		prompt, maxAge, authTime string // what the provider is asked, and what it says
		ago                      time.Duration
		fresh                    bool
	}{
		{[]string{"prompt", "login"}, "login", "0", "said", time.Minute, true},
		{[]string{"prompt", "login"}, "login", "0", "said", 8 * time.Hour, false},
		{[]string{"prompt", "login"}, "login", "0", "not said", 0, false},
		{[]string{"max_age", "0"}, "login", "0", "said", time.Second, true},
		{[]string{"max_age", "0"}, "login", "0", "said", 8 * time.Hour, false},
		{[]string{"max_age", "600"}, "", "600", "said", 9 * time.Minute, true},
		{[]string{"max_age", "600"}, "", "600", "said", 8 * time.Hour, false},
		{[]string{"max_age", "600"}, "", "600", "not said", 0, false},
		{[]string{"prompt", "select_account"}, "select_account", "", "said", 8 * time.Hour, true}, // chosen, and not signed in anew
		{[]string{"prompt", "select_account", "max_age", "600"}, "select_account", "600", "said", 8 * time.Hour, false},
	} {
		t.Run(strings.Join(tt.asks, "=")+", "+tt.authTime+" "+tt.ago.String(), func(t *testing.T) {
			h := h.on(t)
			b := h.browser()
			ago := 10 * time.Hour
			provider.Claims = func(claims map[string]any) {
				claims["auth_time"] = time.Now().Add(-ago).Unix()
				if ago == 0 {
					delete(claims, "auth_time")
				}
			}
			b.signInOIDC(provider, "/")
			p := b.get(authorizes(tt.asks...))
			sent := b.heads(p)
			if sent.Get("prompt") != tt.prompt || sent.Get("max_age") != tt.maxAge {
				t.Errorf("the provider is asked for prompt %q and max_age %q, want %q and %q", sent.Get("prompt"), sent.Get("max_age"), tt.prompt, tt.maxAge)
			}
			ago = tt.ago
			query, err := provider.Authorize(p.location)
			h.must(err)
			p = b.callback("acme", query)
			if !tt.fresh {
				if !strings.HasPrefix(p.location, deskCallback) || !strings.Contains(p.location, "error=login_required") {
					t.Errorf("%d to %s, want login_required\n%s", p.status, p.location, p.body)
				}
				return
			}
			if at := b.authTime(p); !about(at, time.Now().Add(-tt.ago)) {
				t.Errorf("auth_time is %s, want that of the provider", at)
			}
		})
	}
	// Who is not signed in yet types an address first: the demand is not lost.
	b := h.browser()
	p := b.login(b.get(authorizes("prompt", "login")), mallory)
	if sent := b.heads(p); sent.Get("prompt") != "login" || sent.Get("max_age") != "0" {
		t.Errorf("after the form the provider is asked for %v", sent)
	}
	// A provider that does not say when is quoted with no time at all.
	provider.Claims = func(claims map[string]any) { delete(claims, "auth_time") }
	b = h.browser()
	b.signInOIDC(provider, "/")
	if at := b.authTime(b.get(authorizes())); !at.IsZero() {
		t.Errorf("auth_time is %s, which nobody has said", at)
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
