package sso_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestFewTripsASignIn counts how often the sign-in of somebody known goes to
// PostgreSQL and back: for the connection that an answer is judged by, or whose
// provider is asked, and to load and to save.
func TestFewTripsASignIn(t *testing.T) {
	s, trips := storetest.CountingTrips(t)
	provider := oidctest.New(t, "")
	h := newHarness(t, s, provider.Host())
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	h.trustsOIDC(provider, nil)
	email, _ := provider.User["email"].(string)
	h.owns(email)
	ask := func(r *http.Request) (*httptest.ResponseRecorder, int) {
		answer, before := httptest.NewRecorder(), trips()
		h.sso.ServeHTTP(answer, r)
		if answer.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", r.URL.Path, answer.Code, answer.Body)
		}
		return answer, trips() - before
	}
	for name, tt := range map[string]struct {
		most int
		send func() int
	}{
		"SAML": {3, func() int {
			person := h.browser()
			request, relay := person.pending("/sso/acme/login")
			m := idp.Message(request, idp.Person)
			idp.Sign(m.Assertion(), samltest.Signature{})
			form := m.Form()
			form.Set("RelayState", relay)
			answer := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sso/acme/saml/acs", strings.NewReader(form.Encode()))
			answer.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			judged, n := ask(answer)
			finish := httptest.NewRequestWithContext(t.Context(), http.MethodGet, judged.Header().Get("Location"), http.NoBody)
			person.carry(finish)
			_, more := ask(finish)
			return n + more
		}},
		"OpenID Connect": {3, func() int {
			person := h.browser()
			begun := person.get("/sso/acme/login?via=oidc")
			query, err := provider.Authorize(begun.location)
			h.must(err)
			callback := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sso/acme/oidc/callback?"+query.Encode(), http.NoBody)
			person.carry(callback)
			_, n := ask(callback)
			return n
		}},
	} {
		for range 3 { // somebody new; and the first asks how statements are to be read
			tt.send()
		}
		if n := tt.send(); n > tt.most {
			t.Errorf("%s: %d trips, want %d at most", name, n, tt.most)
		}
	}
}

// TestSettingsChangeInTheMiddle: a sign-in that is under way when its connection
// changes is judged by what the connection is then, and what was begun by what it
// was leaves nothing.
func TestSettingsChangeInTheMiddle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHarness(t, s)
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		b := h.browser()
		request, relay := b.pending("/sso/acme/login")
		m := idp.Message(request, idp.Person)
		idp.Sign(m.Assertion(), samltest.Signature{})
		form := m.Form()
		form.Set("RelayState", relay)
		finish := strings.TrimPrefix(b.finishOf(form), b.url)
		rows := h.rows()
		h.set(func(s *provision.SignIn) { s.Disabled = true })
		b.refused(b.get(finish), "disabled")
		h.set(func(s *provision.SignIn) { s.Disabled = false })
		if now := h.rows(); now["sessions"] != rows["sessions"] || now["memories"] != rows["memories"] {
			t.Errorf("what was refused left something: %v, before %v", now, rows)
		}
		h.set(func(s *provision.SignIn) { s.SAML.ForceAuthn = true })
		for range 2 { // the second time it was used before
			b.get(finish)
		}
		if now := h.rows(); now["sessions"] != rows["sessions"]+1 {
			t.Errorf("%d sessions, want one", now["sessions"]-rows["sessions"])
		}
		if b.who() == "" {
			t.Errorf("nobody is signed in\n%s", tail(b.log))
		}
	})
}
