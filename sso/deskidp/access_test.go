package deskidp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestWhoGetsIn tries both protocols of one desk for everything that an account can
// be.
func TestWhoGetsIn(t *testing.T) {
	active := func(role provision.Role, teams ...string) provision.Access {
		return provision.Access{Status: provision.AccessActive, Role: role, Teams: teams}
	}
	for _, tt := range []struct {
		name        string
		account     func(*provision.Account)
		beforeReady bool
		refused     string // "": let in
		role        string // told to the desk
		groups      []string
	}{
		{"confirmed", func(*provision.Account) {}, false, "", "Agent", []string{"Billing", "Tier 1"}},
		{"a change is under way", func(a *provision.Account) { a.State, a.Revision = provision.AccountWaiting, 2 }, false, "", "Agent", []string{"Billing", "Tier 1"}},
		{"a promotion is under way", func(a *provision.Account) { a.Desired = active(provision.RoleAdmin, "Billing", "Tier 1", "Tier 2") }, false, "", "Agent", []string{"Billing", "Tier 1"}},
		{"a demotion is under way", func(a *provision.Account) { a.Confirmed = active(provision.RoleAdmin, "Billing", "Tier 1", "Secret") }, false, "", "Agent", []string{"Billing", "Tier 1"}},
		{"the desk calls them its owner", func(a *provision.Account) { a.Confirmed.Role = provision.RoleOwner }, false, "", "", []string{"Billing", "Tier 1"}},
		{"not confirmed yet", func(a *provision.Account) { a.Confirmed, a.State = provision.Access{}, provision.AccountWaiting }, false, "not-ready", "", nil},
		{"needs attention before it was ever confirmed", func(a *provision.Account) { a.Confirmed, a.State = provision.Access{}, provision.AccountNeedsAttention }, false, "not-ready", "", nil},
		{"not confirmed, where that is allowed", func(a *provision.Account) { a.Confirmed = provision.Access{} }, true, "", "Agent", []string{"Billing", "Tier 1"}},
		{"access is to end", func(a *provision.Account) { a.Desired = provision.Access{Status: provision.AccessAbsent} }, false, "no-account", "", nil},
		{"access is suspended", func(a *provision.Account) { a.Desired = provision.Access{Status: provision.AccessSuspended} }, true, "no-account", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t)
			h.changeDesk("support", func(s *protocol.DeskSignIn) { s.BeforeReady = tt.beforeReady })
			h.setAccount(h.deskNamed("support"), tt.account)
			b, sp := h.signedIn(), h.serviceProvider()
			request, to := h.request(sp, "")
			p := b.get(to)
			rp := h.relyingParty("support", clientSecret)
			q := b.get(rp.AuthCodeURL("s"))
			if tt.refused != "" {
				for _, p := range []page{p, q} {
					if p.status != http.StatusForbidden || p.body != "failed: "+tt.refused {
						t.Errorf("%d %v %s, want a refusal for %s", p.status, p.location, p.body, tt.refused)
					}
				}
				h.refusedFor(tt.refused)
				if e := h.audited("desk_session.refused")[0]; e.Subject != string(h.person.ID) || e.Desk != h.deskNamed("support").ID {
					t.Errorf("audit = %+v", e)
				}
				return
			}
			got := attributesOf(h.accept(sp, p, request.ID))
			if diff := cmp.Diff(tt.groups, got["groups"]); diff != "" || (tt.role == "") != (got["role"] == nil) || tt.role != "" && got["role"][0] != tt.role {
				t.Errorf("SAML tells role %v, groups %v; want %q %v", got["role"], got["groups"], tt.role, tt.groups)
			}
			token, err := rp.Exchange(t.Context(), q.code(t))
			h.must(err)
			var claims idClaims
			h.must(claimsOf(token, &claims))
			if diff := cmp.Diff(&tt.groups, claims.Groups); diff != "" || claims.Role != tt.role {
				t.Errorf("OIDC tells role %q, groups %v; want %q %v", claims.Role, claims.Groups, tt.role, tt.groups)
			}
		})
	}
	t.Run("somebody without an account", func(t *testing.T) {
		h := newHarness(t)
		h.portal.person = h.addPerson("bo")
		_, to := h.request(h.serviceProvider(), "")
		if p := h.signedIn().get(to); p.body != "failed: no-account" {
			t.Errorf("%d %s", p.status, p.body)
		}
	})
	t.Run("somebody without an address", func(t *testing.T) {
		h := newHarness(t)
		nameless := provision.Identity{ID: "nameless", Connection: h.conn.ID, UserName: "nameless", Status: provision.StatusActive, CreatedAt: time.Now(), UpdatedAt: time.Now()}
		h.must(h.store.InsertIdentity(t.Context(), nameless))
		h.portal.person = nameless
		_, to := h.request(h.serviceProvider(), "")
		if p := h.signedIn().get(to); p.body != "failed: no-name" {
			t.Errorf("%d %s", p.status, p.body)
		}
	})
}

// TestSuspendedAtOnce suspends somebody between any two steps of a sign-in.
func TestSuspendedAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := harnessOn(t, s)
		rp := h.relyingParty("support", clientSecret)
		b := h.signedIn()
		code := b.get(rp.AuthCodeURL("s")).code(t)
		other, err := rp.Exchange(t.Context(), b.get(rp.AuthCodeURL("s")).code(t))
		h.must(err)
		h.suspend()
		if status, problem := h.exchange(map[string][]string{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rp.RedirectURL}}, "support", clientSecret); status != http.StatusBadRequest || problem != "invalid_grant" {
			t.Errorf("a code of somebody who was suspended: %d %s", status, problem)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+"/sso/idp/oidc/userinfo", http.NoBody)
		h.must(err)
		other.SetAuthHeader(r)
		if p := b.do(r); p.status != http.StatusUnauthorized {
			t.Errorf("an access token of somebody who was suspended: %d", p.status)
		}
		if p := b.get(rp.AuthCodeURL("s")); p.status != http.StatusForbidden { // the portal does not let them in
			t.Errorf("a new sign-in: %d %v", p.status, p.location)
		}
		_, to := h.request(h.serviceProvider(), "")
		if p := b.get(to); p.status != http.StatusForbidden {
			t.Errorf("SAML: %d %.100s", p.status, p.body)
		}
	})
}
