package sso_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/validity"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// rechecked is a harness whose connection asks its provider about people.
type rechecked struct {
	*harness
	p *oidctest.Provider
	n int // people who have signed in
}

func newRechecked(t *testing.T, s *store.Store, hosts ...string) *rechecked {
	t.Helper()
	p := oidctest.New(t, "")
	h := newHarness(t, s, append(hosts, p.Host())...)
	h.trustsOIDC(p, nil)
	h.set(func(s *provision.SignIn) { s.Expiry, s.Recheck = 30*24*time.Hour, time.Hour })
	return &rechecked{harness: h, p: p}
}

// somebody is a person who has signed in, at their browser.
type somebody struct {
	*browser
	id    provision.IdentityID
	first time.Time // when the provider vouched for them by the sign-in
}

// joins has somebody new sign in.
func (h *rechecked) joins() *somebody {
	h.Helper()
	h.n++
	name := fmt.Sprintf("p%d@%s", h.n, ownDomain)
	h.p.User = map[string]any{"sub": "subject of " + name, "email": name, "email_verified": true}
	b := &somebody{browser: h.browser()}
	b.signInOIDC(h.p, "/sso/")
	people, err := h.store.FindPeople(h.Context(), name)
	h.must(err)
	if len(people) != 1 || b.who() != name {
		h.Fatalf("%d people are %s, and %q is signed in", len(people), name, b.who())
	}
	b.id = people[0].ID
	grants, err := h.store.GrantsOf(h.Context(), b.id)
	h.must(err)
	for _, g := range grants {
		b.first = g.VouchedAt
	}
	return b
}

// asked has everybody be asked about.
func (h *rechecked) asked() {
	h.Helper()
	_, err := h.store.DB().ExecContext(h.Context(), `UPDATE sign_in_grants SET next_at = 0`)
	h.must(err)
	h.must(h.sso.Recheck(h.Context()))
}

// grants returns how many grants there are of somebody, and whether the provider has
// vouched for them since they signed in.
func (s *somebody) grants() (n int, vouched bool) {
	s.Helper()
	grants, err := s.store.GrantsOf(s.Context(), s.id)
	s.must(err)
	for _, g := range grants {
		vouched = g.VouchedAt.After(s.first)
	}
	return len(grants), vouched
}

// TestRecheck asks a provider about people, which answers whatever it can.
func TestRecheck(t *testing.T) {
	answers := func(status int, body string) func(*oidctest.Provider) {
		return func(p *oidctest.Provider) {
			p.Handle["/token"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			}
		}
	}
	claim := func(name string, value any) func(*oidctest.Provider) {
		return func(p *oidctest.Provider) { p.Claims = func(c map[string]any) { c[name] = value } }
	}
	const stays, ends, dropped = "stays", "ends", "dropped"
	rows := []struct {
		name   string
		set    func(p *oidctest.Provider)
		want   string // what becomes of the person and the grant
		vouch  bool   // the provider has vouched for them
		revoke string // what becomes of them when the provider then refuses the token
	}{
		{"vouches", func(*oidctest.Provider) {}, stays, true, ends},
		{"vouches without an ID token", func(p *oidctest.Provider) { p.Refreshed = func(a map[string]any) { delete(a, "id_token") } }, stays, true, ends},
		{"rotates the token", func(p *oidctest.Provider) { p.Rotates = true }, stays, true, ends},
		{"refuses the token", (*oidctest.Provider).RevokeAll, ends, false, ""},
		{"wants to be left alone", answers(http.StatusTooManyRequests, `{"error":"invalid_grant"}`), stays, false, ends},
		{"refuses us", answers(http.StatusUnauthorized, `{"error":"invalid_client"}`), stays, false, ends},
		{"has a fault", answers(http.StatusInternalServerError, `{"error":"invalid_grant"}`), stays, false, dropped},
		{"says what nobody can read", answers(http.StatusBadRequest, `<html>invalid_grant</html>`), stays, false, dropped},
		{"shows a page", answers(http.StatusOK, `<html>welcome</html>`), stays, false, dropped},
		{"hangs up after it has replaced the token", func(p *oidctest.Provider) {
			p.Rotates = true
			p.Refreshed = func(map[string]any) { panic(http.ErrAbortHandler) }
		}, stays, false, dropped},
		{"wants to see the person", answers(http.StatusBadRequest, `{"error":"invalid_grant","suberror":"basic_action"}`), dropped, false, ""},
		{"answers for somebody else", claim("sub", "subject of p1@"+ownDomain), dropped, false, ""},
		{"answers as another issuer", claim("iss", "https://other.example"), dropped, false, ""},
		{"answers for another client", claim("aud", "another"), dropped, false, ""},
		{"forges the ID token", func(p *oidctest.Provider) {
			p.Sign = func(c map[string]any) string { return oidctest.OtherKey().Sign(c) }
		}, stays, false, ends},
		{"sends an old ID token", claim("exp", time.Now().Add(-time.Minute).Unix()), stays, false, ends},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newRechecked(t, s)
		for _, tt := range rows {
			ann := h.joins()
			becomes := func(when, want string) {
				t.Helper()
				n, _ := ann.grants()
				switch in := ann.who() != ""; {
				case want == stays && (!in || n != 1), want == ends && (in || n != 0), want == dropped && (!in || n != 0):
					t.Errorf("the provider %s: %s, signed in %v, %d grants; want one that %s\n%s", tt.name, when, in, n, want, h.log)
				}
			}
			tt.set(h.p)
			h.asked()
			becomes("asked", tt.want)
			if _, vouched := ann.grants(); vouched != tt.vouch {
				t.Errorf("the provider %s: vouched for %v", tt.name, vouched)
			}
			h.p.Behave()
			if tt.revoke != "" {
				h.p.RevokeAll()
				h.asked()
				becomes("refused then", tt.revoke)
			}
			if tt.want == ends {
				person, err := h.core.Directory.Identity(t.Context(), h.conn.ID, ann.id)
				h.must(err)
				if e := person.Terms.SignInExpired; e == nil || e.Why != validity.ExpiryRevoked {
					t.Errorf("their sign-in has expired because of %+v", e)
				}
				ann.signInOIDC(h.p, "/sso/")
				becomes("signed in again", stays)
			}
			h.must(h.store.DropGrantsOf(t.Context(), h.conn.ID))
		}
		for _, token := range h.p.RefreshTokens() {
			if strings.Contains(h.log.String(), token) {
				t.Error("the log has a refresh token")
			}
		}
	})
}

// TestRecheckForgets has people be asked about no more.
func TestRecheckForgets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newRechecked(t, s)
		for name, what := range map[string]func(who *somebody){
			"pushed": func(who *somebody) {
				_, _, err := h.core.Directory.CreateIdentity(t.Context(), h.conn.ID, byTest, provision.Identity{UserName: who.who(), Status: provision.StatusActive})
				h.must(err)
			},
			"removed": func(who *somebody) {
				h.must(h.core.Directory.RemoveIdentity(t.Context(), h.conn.ID, who.id, byTest, nil))
			},
			"unlinked": func(who *somebody) {
				h.must(h.store.DeleteLogins(t.Context(), provision.LoginFilter{Identity: who.id}))
			},
		} {
			who := h.joins()
			if n, _ := who.grants(); n != 1 {
				t.Fatalf("%s: %d grants at first", name, n)
			}
			what(who)
			if n, _ := who.grants(); n != 0 {
				t.Errorf("%s: %d grants", name, n)
			}
		}

		other := h.joins()
		var sealed string
		h.must(h.store.DB().QueryRowContext(t.Context(), `SELECT token FROM sign_in_grants`).Scan(&sealed))
		if !strings.HasPrefix(sealed, "v1.") || slices.ContainsFunc(h.p.RefreshTokens(), func(token string) bool { return strings.Contains(sealed, token) }) {
			t.Errorf("the token is kept as %q", sealed)
		}
		before := h.p.Requests("refresh")
		h.set(func(s *provision.SignIn) {
			s.OIDC = &protocol.OIDC{Issuer: h.p.Issuer, ClientID: "another", ClientSecret: "secret"}
		})
		h.asked()
		if n, _ := other.grants(); n != 0 || h.p.Requests("refresh") != before {
			t.Errorf("of another client: %d grants, %d requests", n, h.p.Requests("refresh")-before)
		}
		unasked := 0
		h.must(h.core.Audit.EachEntry(t.Context(), func(e provision.Entry) error {
			if e.Action == audit.PersonUnasked && e.Subject == string(other.id) {
				unasked++
			}
			return nil
		}))
		if unasked != 1 {
			t.Errorf("%d entries say that they cannot be asked about", unasked)
		}

		h.trustsOIDC(h.p, nil)
		h.joins()
		h.set(func(s *provision.SignIn) { s.Recheck = 0 })
		_, err := h.core.Expiry.Pass(t.Context())
		h.must(err)
		var left int
		h.must(h.store.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM sign_in_grants`).Scan(&left))
		if left != 0 {
			t.Errorf("switched off: %d grants", left)
		}
	})
}

// TestRecheckOfOthers has one provider hang, and another be asked meanwhile.
func TestRecheckOfOthers(t *testing.T) {
	p := oidctest.New(t, "")
	h := newRechecked(t, storetest.SQLite(t), p.Host())
	h.joins()
	hangs := make(chan struct{})
	h.p.Handle["/token"] = func(w http.ResponseWriter, _ *http.Request) { <-hangs; w.WriteHeader(http.StatusBadGateway) }

	with := h.conn.SignIn
	with.OIDC = &protocol.OIDC{Issuer: p.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret}
	other, _, err := h.core.Settings.AddConnection(t.Context(), byTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"other.example.test"}, SignIn: with})
	h.must(err)
	b := h.browser()
	p.User = map[string]any{"sub": "bob", "email": "bob@other.example.test", "email_verified": true}
	query, err := p.Authorize(b.get("/sso/other/login?return_to=/sso/").location)
	h.must(err)
	b.get("/sso/other/oidc/callback?" + query.Encode())

	done := make(chan struct{})
	go func() { defer close(done); h.asked() }()
	for deadline := time.Now().Add(5 * time.Second); p.Requests("refresh") == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("while one hangs, the provider of %s is not asked\n%s", other.Name, h.log)
		}
	}
	select {
	case <-done:
		t.Error("the one that hangs was not asked")
	default:
	}
	close(hangs)
	<-done
}
