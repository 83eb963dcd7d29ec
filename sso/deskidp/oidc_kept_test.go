package deskidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/ticket"
)

// pendingAuthorization sends a request of somebody who is not signed in, by GET
// or as a form, and returns what is kept of it.
func (h *harness) pendingAuthorization(query url.Values, byForm bool) (kept struct {
	Params   url.Values `json:"params"`
	Expected string     `json:"expected"`
	Since    time.Time  `json:"since"`
}, p page) {
	h.Helper()
	b := h.browser()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	at := h.server.URL + "/sso/idp/oidc/authorize"
	if byForm {
		p = b.post(at, query, false)
	} else {
		p = b.get(at + "?" + query.Encode())
	}
	if p.location == nil {
		return kept, p
	}
	to := p.location
	if back := to.Query().Get("return_to"); back != "" {
		var err error
		to, err = url.Parse(back)
		h.must(err)
	}
	if id := to.Query().Get("request"); id != "" {
		h.must(b.kept("idp.authorize", id, &kept))
	}
	return kept, p
}

// kept reads what the browser keeps of a request that waits for its person.
func (b *browser) kept(kind session.OneTimeKind, id string, data any) error {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.server.URL, http.NoBody)
	b.must(err)
	for _, c := range b.client.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return ticket.NewJar(b.core.Sessions, b.server.URL).Read(r, kind, "", id, data)
}

// TestOIDCWhatIsKept has strangers ask for a lot: of a request that waits for
// its person, only what counts is kept, and that is bounded.
func TestOIDCWhatIsKept(t *testing.T) {
	h := newHarness(t)
	_, token := h.signedIn().atDesk()
	rp := h.relyingParty("support", clientSecret)
	request := func(pairs ...string) url.Values {
		options := make([]oauth2.AuthCodeOption, 0, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			options = append(options, oauth2.SetAuthURLParam(pairs[i], pairs[i+1]))
		}
		at, err := url.Parse(rp.AuthCodeURL("a state", options...))
		h.must(err)
		return at.Query()
	}
	want := request("nonce", "n")
	for name, query := range map[string]url.Values{
		"what counts":                           request("nonce", "n"),
		"what counts, among much that does not": request("nonce", "n", "ui_locales", strings.Repeat("x", 4000), "x", strings.Repeat("y", 2000), "audience", "z"),
		"a long hint":                           request("nonce", "n", "id_token_hint", token),
	} {
		for _, byForm := range []bool{false, true} {
			kept, p := h.pendingAuthorization(query, byForm)
			if diff := cmp.Diff(want, kept.Params); diff != "" {
				t.Errorf("%s, by form %t: %d %s: kept (-want +got):\n%s", name, byForm, p.status, p.body, diff)
			}
			if query.Has("id_token_hint") && kept.Expected != string(h.person.ID) {
				t.Errorf("%s: %q is expected, want %q", name, kept.Expected, h.person.ID)
			}
		}
	}
	for name, query := range map[string]url.Values{
		"a state of 2 kB":              request("state", strings.Repeat("s", 2<<10)),
		"parameters that come to 2 kB": request("state", strings.Repeat("s", 1000), "nonce", strings.Repeat("n", 1000)),
		"9 kB that do not count":       request("x", strings.Repeat("x", 9<<10)),
	} {
		if _, p := h.pendingAuthorization(query, false); p.body != "failed: bad-request" {
			t.Errorf("%s: %d %v %.80s", name, p.status, p.location, p.body)
		}
	}
	if p := h.browser().get(h.server.URL + "/sso/idp/oidc/authorize?" + request("state", strings.Repeat("s", 1500)).Encode()); p.location.Query().Get("state") != strings.Repeat("s", 1500) {
		t.Errorf("a state of 1500 bytes does not come back: %v", p.location)
	}

	// Whom the desk expects counts after the sign-in, too.
	hinted := request("id_token_hint", token)
	at := h.server.URL + "/sso/idp/oidc/authorize"
	if p := h.browser().post(at, hinted, true); p.code(t) == "" {
		t.Error("no code for whom the desk expects")
	}
	h.portal.person = h.addPerson("bo")
	h.setAccount(h.deskNamed("support"), func(a *provision.Account) { a.ID, a.Identity = "account-bo", h.portal.person.ID })
	h.browser().post(at, hinted, true).sentBack(t, rp.RedirectURL, "login_required")
	h.browser().get(at+"?"+hinted.Encode()).sentBack(t, rp.RedirectURL, "login_required")
	_, p := h.pendingAuthorization(request("id_token_hint", token[:len(token)-4]+"AAAA"), true)
	p.sentBack(t, rp.RedirectURL, "invalid_request")
}
