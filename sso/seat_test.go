package sso_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// freed has the seats of somebody taken on a desk, by an admin's word, and the desk show it.
func (h *harness) freed(id provision.IdentityID, desks ...provision.Desk) {
	h.Helper()
	for _, d := range desks {
		_, err := h.core.Seats.Take(h.Context(), byTest, seat.Taking{Desk: d.ID, Person: id, Do: seating.Free, Anyway: true})
		h.must(err)
	}
	h.settled(id)
}

// settled has the desks show what is desired of somebody.
func (h *harness) settled(id provision.IdentityID) {
	h.Helper()
	h.must(h.core.Entitlement.EvaluateDirty(h.Context(), h.conn.ID)) // an end of access waits for that
	accounts, err := h.core.Entitlement.AccountsOf(h.Context(), id)
	h.must(err)
	for _, a := range accounts {
		if !a.Account.Due() {
			continue
		}
		run, err := h.core.Reconcile.Begin(h.Context(), a.Account.ID)
		if late, ok := errors.AsType[*reconcile.LaterError](err); ok { // the grace of an end of access
			time.Sleep(time.Until(late.At))
			run, err = h.core.Reconcile.Begin(h.Context(), a.Account.ID)
		}
		h.must(err)
		active := run.Account.Desired.Status == provision.AccessActive
		have := provision.DeskUser{ID: run.Account.DeskUser, Email: run.Account.Profile.Email, Active: active, Role: provision.RoleNone}
		if active {
			have.Role = run.Account.Desired.Role
		}
		h.must(run.Confirm(h.Context(), &have))
	}
}

// hasSeats fails the test unless somebody has a seat on just these of the desks, and no
// mark on them that it was taken.
func (h *harness) hasSeats(when string, id provision.IdentityID, want ...string) {
	h.Helper()
	person, err := h.store.AnyIdentity(h.Context(), id)
	h.must(err)
	accounts, err := h.core.Entitlement.AccountsOf(h.Context(), id)
	h.must(err)
	var got []string
	for _, a := range accounts {
		desired := a.Account.Desired.Status == provision.AccessActive
		if desired {
			got = append(got, a.Desk.Name)
		}
		if taken := person.Terms.Idle.On(string(a.Desk.ID)) != nil; taken == desired {
			h.Errorf("%s: on %s access is desired: %v, and the seat is taken: %v", when, a.Desk.Name, desired, taken)
		}
	}
	if strings.Join(provision.Sorted(got), " ") != strings.Join(want, " ") {
		h.Errorf("%s: seats on %v, want %v", when, got, want)
	}
}

// TestASeatIsGivenBackAtTheNextSignIn: whoever comes back gets the seat that was taken while
// they were idle, by either protocol: on the desk that asks for the sign-in, and on those that
// ask for none; on others that do not have it until somebody heads there.
func TestASeatIsGivenBackAtTheNextSignIn(t *testing.T) {
	for _, tt := range []struct {
		name string
		// begins trusts an identity provider of h, and returns whom it knows and how they sign in from a page of ours.
		begins func(t *testing.T, s *store.Store) (h *harness, address string, signIn func(b *browser, p page) page)
	}{
		{"SAML", func(t *testing.T, s *store.Store) (*harness, string, func(*browser, page) page) {
			t.Helper()
			h, idp := newHarness(t, s), samltest.New(idpID)
			h.trusts(idp, nil)
			return h, idp.Person, func(b *browser, p page) page { return b.signsIn(idp, p) }
		}},
		{"OpenID Connect", func(t *testing.T, s *store.Store) (*harness, string, func(*browser, page) page) {
			t.Helper()
			provider := oidctest.New(t, "")
			h := newHarness(t, s, provider.Host())
			h.trustsOIDC(provider, nil)
			address, _ := provider.User["email"].(string)
			h.owns(address)
			return h, address, func(b *browser, p page) page {
				query, err := provider.Authorize(p.location)
				b.must(err)
				return b.get("/sso/acme/oidc/callback?" + query.Encode())
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				h, address, signIn := tt.begins(t, s)
				h.signsInToDesks()
				support, err := h.core.Settings.Desk(t.Context(), "support")
				h.must(err)
				plain := h.deskOf("plain", protocol.DeskSignIn{})
				other := h.deskOf("other", protocol.DeskSignIn{OIDC: &protocol.DeskOIDC{ClientID: "other", ClientSecret: deskSecret, RedirectURIs: []string{deskCallback}}})
				h.agent(address)
				people, err := h.core.Directory.FindPeople(t.Context(), address)
				h.must(err)
				id := people[0].ID
				h.hasSeats("at first", id, "other", "plain", "support")
				h.freed(id, support, plain, other)
				h.hasSeats("idle", id)

				b := h.browser()
				p := signIn(b, b.login(b.get(h.asksBySAML("")), address))
				if p.status != http.StatusOK || !strings.Contains(p.body, "You get your seat back") {
					t.Fatalf("%d at %s\n%s\n%s", p.status, p.at, p.body, tail(h.log))
				}
				h.hasSeats("signed in", id, "plain", "support")
				if e := h.audited(audit.SeatGivenBack); e.Subject != string(id) {
					t.Errorf("the entry is %+v", e)
				}
				h.settled(id)
				_, again, found := strings.Cut(p.header.Get("Refresh"), "url=")
				if !found {
					t.Fatalf("the page does not look again: %v", p.header)
				}
				b.samlAnswerTo(b.get(again))

				p = b.get(authorizes("client_id", "other")) // whoever is signed in does so again: that is what gives it back
				if p.at.Path == "/sso/login" {
					p = b.login(p, address)
				}
				h.hasSeats("on the way to the other desk", id, "plain", "support")
				if p = signIn(b, p); !strings.Contains(p.body, "You get your seat back") {
					t.Errorf("the other desk: %d at %s\n%s", p.status, p.at, p.body)
				}
				h.hasSeats("at the other desk", id, "other", "plain", "support")
			})
		})
	}
}
