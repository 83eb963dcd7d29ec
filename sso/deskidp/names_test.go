package deskidp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	anydesk "github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// town is a harness whose desk is a real one, with people whom two connections
// push to it.
type town struct {
	*harness
	desks *builtin.Desks
	other provision.Connection
	now   time.Time
}

func eachTown(t *testing.T, test func(h *town)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := &town{harness: harnessOn(t, s), now: time.Now()}
		h.core = core.New(s, core.Policy{Now: func() time.Time { return h.now }}, quiet)
		var err error
		h.desks, err = builtin.New(s.DB(), builtin.Dialect(s.Dialect()))
		h.must(err)
		h.must(h.desks.Migrate(t.Context()))
		h.other, _, err = h.core.Settings.AddConnection(t.Context(), cause, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
		h.must(err)
		for _, c := range []provision.ConnectionID{h.conn.ID, h.other.ID} {
			_, err = h.core.Settings.AddRuleUnchecked(t.Context(), cause, provision.Rule{Connection: c, Desk: h.deskNamed("support").ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
			h.must(err)
		}
		test(h)
	})
}

// push has SCIM describe somebody who should work on the desk.
func (h *town) push(c provision.ConnectionID, userName, email string) provision.Identity {
	h.Helper()
	made, _, err := h.core.Directory.CreateIdentity(h.Context(), c, cause, provision.Identity{UserName: userName, ExternalID: userName, Status: provision.StatusActive,
		Profile: provision.Profile{DisplayName: userName, Email: email}, Attributes: provision.Attributes{"roles": {"agent"}}})
	h.must(err)
	return made
}

func (h *town) edit(id provision.Identity, change func(*provision.Identity)) {
	h.Helper()
	_, err := h.core.Directory.UpdatePerson(h.Context(), id.Connection, id.ID, cause, func(i *provision.Identity) error { change(i); return nil })
	h.must(err)
}

// reconcile runs every account that is due.
func (h *town) reconcile() {
	h.Helper()
	h.now = h.now.Add(15 * time.Minute)
	w := worker.New(worker.Core{Audit: h.core.Audit, Entitlement: h.core.Entitlement, Reconcile: h.core.Reconcile, DeskHealth: h.core.DeskHealth, Settings: h.core.Settings},
		func(d provision.Desk) (anydesk.Desk, error) { return h.desks.Connector(d) }, quiet)
	accounts, err := h.store.AccountsWhere(h.Context(), provision.AccountFilter{}, 0)
	h.must(err)
	for _, a := range accounts {
		if a.Due() {
			_, err := w.Reconcile(h.Context(), a.ID)
			h.must(err)
		}
	}
}

// state is where somebody's account on the desk stands.
func (h *town) state(id provision.Identity) (provision.AccountState, provision.ReasonCode) {
	h.Helper()
	accounts, err := h.store.AccountsOf(h.Context(), []provision.IdentityID{id.ID})
	h.must(err)
	if len(accounts) != 1 {
		h.Fatalf("%d accounts", len(accounts))
	}
	return accounts[0].State, accounts[0].ReasonCode
}

// told signs somebody in to the desk by both protocols, as the desk checks them,
// and fails the test unless the desk is told want of them, or they are refused for
// the reason want.refused.
type told struct {
	nameID, email, userName string
	verified                bool
	refused                 string
}

func (h *town) tells(id provision.Identity, want told) {
	h.Helper()
	h.portal.person = id
	b, sp, rp := h.signedIn(), h.serviceProvider(), h.relyingParty("support", clientSecret)
	request, to := h.request(sp, "")
	p, q := b.get(to), b.get(rp.AuthCodeURL("s"))
	if want.refused != "" {
		for _, p := range []page{p, q} {
			if p.status != http.StatusForbidden || p.body != "failed: "+want.refused {
				h.Errorf("%s: %d %v %.200s, want a refusal for %s", id.UserName, p.status, p.location, p.body, want.refused)
			}
		}
		return
	}
	a := h.accept(sp, p, request.ID)
	attributes := attributesOf(a)
	if a.Subject.NameID.Value != want.nameID || attributes["email"][0] != want.email || attributes["username"][0] != want.userName {
		h.Errorf("%s: SAML tells NameID %q, %v; want %+v", id.UserName, a.Subject.NameID.Value, attributes, want)
	}
	token, err := rp.Exchange(h.Context(), q.code(h))
	h.must(err)
	raw, _ := token.Extra("id_token").(string)
	idToken, err := rp.Verifier(&oidc.Config{ClientID: "support"}).Verify(h.Context(), raw)
	h.must(err)
	var claims idClaims
	h.must(idToken.Claims(&claims))
	verified := claims.Verified != nil && *claims.Verified
	if claims.Email != want.email || claims.UserName != want.userName || verified != want.verified {
		h.Errorf("%s: the ID token tells %+v (verified %v), want %+v", id.UserName, claims, verified, want)
	}
}

func toAddress(to string) func(*provision.Identity) {
	return func(i *provision.Identity) { i.Profile.Email = to }
}

// TestDesksAreToldConfirmedNames gives somebody the address of the chief by SCIM,
// as people can who edit their own profile at the identity provider.
func TestDesksAreToldConfirmedNames(t *testing.T) {
	eachTown(t, func(h *town) {
		const ceo, guest = "ceo@example.test", "guest@mail.example"
		chief, mal := h.push(h.conn.ID, "chief", ceo), h.push(h.conn.ID, "mal", "mal@example.test")
		h.reconcile()
		isChief := told{nameID: ceo, email: ceo, userName: "chief", verified: true}
		isMal := told{nameID: "mal@example.test", email: "mal@example.test", userName: "mal", verified: true}
		h.tells(chief, isChief)
		h.tells(mal, isMal)

		h.edit(mal, toAddress(ceo))
		h.tells(mal, isMal) // the desk has not been asked yet
		h.reconcile()
		if state, code := h.state(mal); state != provision.AccountNeedsAttention || code != provision.ReasonNameTaken {
			t.Errorf("the account is %s, %s", state, code)
		}
		h.tells(mal, isMal)
		h.tells(chief, isChief)

		eve := h.push(h.other.ID, "eve", ceo) // from another connection, at a domain of this one
		h.reconcile()
		h.tells(eve, told{refused: "not-ready"})
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.BeforeReady = true })
		h.tells(eve, told{refused: "not-ready"})
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.BeforeReady = false })

		one, two := h.push(h.conn.ID, "one", guest), h.push(h.other.ID, "two", guest) // a domain that nobody owns
		h.reconcile()
		h.tells(one, told{nameID: guest, email: guest, userName: "one"})
		h.tells(two, told{refused: "not-ready"})

		h.edit(mal, toAddress("m@example.test"))
		h.reconcile()
		h.tells(mal, told{nameID: "m@example.test", email: "m@example.test", userName: "mal", verified: true})
		h.edit(mal, func(i *provision.Identity) { i.UserName = "chief2" })
		h.tells(mal, told{nameID: "m@example.test", email: "m@example.test", userName: "mal", verified: true})
		h.reconcile()
		h.tells(mal, told{nameID: "m@example.test", email: "m@example.test", userName: "chief2", verified: true})
	})
}

// TestUserNameAtDeskIsOnes pushes one userName from two connections to a desk that
// knows people by it.
func TestUserNameAtDeskIsOnes(t *testing.T) {
	eachTown(t, func(h *town) {
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.SAML.NameID = protocol.FieldUserName })
		one := h.push(h.conn.ID, "root.user", "r@example.test")
		h.reconcile()
		two := h.push(h.other.ID, "Root.User", "r@two.example")
		h.reconcile()
		h.tells(one, told{nameID: "root.user", email: "r@example.test", userName: "root.user", verified: true})
		if state, code := h.state(two); state != provision.AccountNeedsAttention || code != provision.ReasonNameTaken {
			t.Errorf("the account of the second is %s, %s", state, code)
		}
		h.tells(two, told{refused: "not-ready"})
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.BeforeReady = true })
		h.tells(two, told{refused: "not-ready"})
	})
}

// TestFirstToldHasTheName has a desk that was told no userNames be told them from
// now on: of two with the same the first who signs in has it.
func TestFirstToldHasTheName(t *testing.T) {
	eachTown(t, func(h *town) {
		var before protocol.DeskSignIn
		h.changeDesk("support", func(s *protocol.DeskSignIn) { before = *s; *s = protocol.DeskSignIn{} })
		one, two := h.push(h.conn.ID, "same", "a@example.test"), h.push(h.other.ID, "SAME", "b@two.example")
		h.reconcile()
		h.changeDesk("support", func(s *protocol.DeskSignIn) { *s = before; s.SAML.NameID = protocol.FieldUserName })
		h.tells(two, told{nameID: "SAME", email: "b@two.example", userName: "SAME"})
		h.tells(one, told{refused: "name-taken"})
	})
}

// TestNamesBeforeReady lets people in before the desk has confirmed anything: a
// name that it was told is theirs from then on, and never called verified.
func TestNamesBeforeReady(t *testing.T) {
	eachTown(t, func(h *town) {
		h.changeDesk("support", func(s *protocol.DeskSignIn) { s.BeforeReady = true })
		chief, mal := h.push(h.conn.ID, "chief", "ceo@example.test"), h.push(h.conn.ID, "mal", "mal@example.test")
		isChief := told{nameID: "ceo@example.test", email: "ceo@example.test", userName: "chief"}
		h.tells(chief, isChief)
		h.edit(mal, toAddress("ceo@example.test"))
		h.tells(mal, told{refused: "name-taken"})
		h.edit(mal, toAddress("mal@example.test"))
		isMal := told{nameID: "mal@example.test", email: "mal@example.test", userName: "mal"}
		h.tells(mal, isMal)
		h.edit(mal, toAddress("other@example.test"))
		h.tells(mal, isMal) // under which the desk may have made a user
		h.reconcile()
		isChief.verified = true
		h.tells(chief, isChief)
		h.tells(mal, told{nameID: "other@example.test", email: "other@example.test", userName: "mal", verified: true})
	})
}
