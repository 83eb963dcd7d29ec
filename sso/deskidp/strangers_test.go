package deskidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	crewjam "github.com/crewjam/saml"
	"golang.org/x/oauth2"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// rows counts what is kept of people who are not signed in, and audit entries.
func (h *harness) rows() (kept, audited int) {
	h.Helper()
	h.must(h.store.DB().QueryRowContext(h.Context(), `SELECT (SELECT count(*) FROM tickets) + (SELECT count(*) FROM memories), (SELECT count(*) FROM audit)`).Scan(&kept, &audited))
	return kept, audited
}

// stranger returns a browser that goes nowhere.
func (h *harness) stranger() *browser {
	b := h.browser()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// TestStrangersLeaveNothing has strangers ask for a desk in every way, and never
// sign in: nothing of them is kept here, and of what is refused the audit log
// tells some.
func TestStrangersLeaveNothing(t *testing.T) {
	h := newHarness(t)
	sp, rp := h.serviceProvider(), h.relyingParty("support", clientSecret)
	at := func(state string) string { return rp.AuthCodeURL(state, oauth2.SetAuthURLParam("nonce", "n")) }
	form := func(address string) (string, url.Values) {
		u, err := url.Parse(address)
		h.must(err)
		query := u.Query()
		u.RawQuery = ""
		return u.String(), query
	}
	signOut := url.Values{"client_id": {"support"}, "post_logout_redirect_uri": {h.desk.URL + "/bye"}, "state": {strings.Repeat("s", 1000)}}
	for name, tt := range map[string]struct {
		ask     func(b *browser) page
		status  int
		audited int // entries at most
	}{
		"OpenID Connect":          {func(b *browser) page { return b.get(at(strings.Repeat("s", 1500))) }, http.StatusSeeOther, 0},
		"OpenID Connect, by form": {func(b *browser) page { to, values := form(at("state")); return b.post(to, values, false) }, http.StatusSeeOther, 0},
		"a state of 7.5 kB":       {func(b *browser) page { return b.get(at(strings.Repeat("s", 7500))) }, http.StatusBadRequest, 20},
		"a state of 7.5 kB, a form": {func(b *browser) page {
			to, values := form(at(strings.Repeat("s", 7500)))
			return b.post(to, values, false)
		}, http.StatusBadRequest, 20},
		"SAML":       {func(b *browser) page { _, to := h.request(sp, strings.Repeat("r", 1000)); return b.get(to) }, http.StatusSeeOther, 0},
		"a sign-out": {func(b *browser) page { return b.post(h.server.URL+"/sso/idp/oidc/end-session", signOut, false) }, http.StatusSeeOther, 0},
	} {
		before, entries := h.rows()
		for range 400 {
			if p := tt.ask(h.stranger()); p.status != tt.status {
				t.Fatalf("%s: %d, want %d: %s", name, p.status, tt.status, p.body)
			}
		}
		after, more := h.rows()
		if after != before || more-entries > tt.audited {
			t.Errorf("%s: %d rows and %d audit entries more", name, after-before, more-entries)
		}
	}
}

// TestWhatWaitsIsOfOneBrowser takes a request that waits for its person to
// another browser, and to another desk.
func TestWhatWaitsIsOfOneBrowser(t *testing.T) {
	h := newHarness(t)
	h.addDesk("second", protocol.DeskSignIn{SAML: &protocol.DeskSAML{EntityID: "https://second.test", ACSURL: "https://second.test/acs"}})
	sp, rp := h.serviceProvider(), h.relyingParty("support", clientSecret)
	_, bySAML := h.request(sp, "relay")
	for name, to := range map[string]string{"SAML": bySAML, "OpenID Connect": rp.AuthCodeURL("state")} {
		b := h.stranger()
		p := b.get(to)
		back := h.server.URL + p.location.Query().Get("return_to")
		cookies := b.client.Jar
		if p := h.signedIn().get(back); p.body != "failed: pending" {
			t.Errorf("%s: in another browser: %d %.80s", name, p.status, p.body)
		}
		b = h.signedIn()
		u, err := url.Parse(h.server.URL)
		h.must(err)
		b.client.Jar.SetCookies(u, cookies.Cookies(u))
		if name == "SAML" {
			if p := b.get(strings.Replace(back, "/support/", "/second/", 1)); p.body != "failed: pending" {
				t.Errorf("at another desk: %d %.80s", p.status, p.body)
			}
		}
		for range 2 { // reloading the page is no mistake
			if p := b.get(back); p.status >= 400 {
				t.Errorf("%s: in its own browser: %d %.80s", name, p.status, p.body)
			}
		}
	}
}

// TestSAMLRequestsThatAreTooLong bounds what waits with a request.
func TestSAMLRequestsThatAreTooLong(t *testing.T) {
	h := newHarness(t)
	sp := h.serviceProvider()
	for _, tt := range []struct {
		id, relay int
		want      string // "": it waits
	}{{256, 1024, ""}, {257, 10, "saml-id"}, {100, 1025, "relay-state"}} {
		request, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(crewjam.HTTPRedirectBinding), crewjam.HTTPRedirectBinding, crewjam.HTTPPostBinding)
		h.must(err)
		request.ID = "_" + strings.Repeat("i", tt.id-1)
		to, err := request.Redirect(strings.Repeat("r", tt.relay), sp)
		h.must(err)
		if p := h.stranger().get(to.String()); tt.want == "" && p.location == nil || tt.want != "" && p.body != "failed: "+tt.want {
			t.Errorf("an ID of %d bytes, a RelayState of %d: %d %.80s, want %q", tt.id, tt.relay, p.status, p.body, tt.want)
		}
	}
}
