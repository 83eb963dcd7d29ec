package sso_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestPushAndSignIn lets people come by SCIM first, by a sign-in first, and by
// both at once: each is one person with one account, and SCIM has the last
// word.
func TestPushAndSignIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHarness(t, s)
		idp := samltest.New(idpID)
		h.trusts(idp, func(s *protocol.SAML) { s.Claims = protocol.Claims{protocol.ClaimExternalID: "uid"} }) // or SCIM would end what came before it
		desk := h.desk()
		for _, r := range []provision.Rule{{Attribute: "roles", Equals: "agent"}, {Attribute: provision.AttributeJIT, Equals: "true"}} {
			r.Connection, r.Desk, r.Role = h.conn.ID, desk.ID, provision.RoleAgent
			_, err := h.core.Settings.AddRuleUnchecked(t.Context(), byTest, r)
			h.must(err)
		}
		rounds := map[string]int{"push first": 5, "sign-in first": 5, "both at once": 200}
		if strings.HasSuffix(t.Name(), "sqlite") {
			rounds["both at once"] = 20 // it has one writer: there is less to go wrong
		}
		for order, n := range rounds {
			t.Run(order, func(t *testing.T) {
				for i := range n {
					h.on(t).comes(idp, fmt.Sprintf("%s-%d@%s", strings.ReplaceAll(order, " ", "-"), i, ownDomain), order)
				}
			})
		}
	})
}

// comes has somebody pushed and signed in, in that order.
func (h *harness) comes(shared *samltest.IdP, name, order string) {
	h.Helper()
	idp := *shared
	idp.Person = name
	b := h.browser()
	v := b.begins("acme")
	form := v.changed(&idp, name, func(a *etree.Element) { addAttribute(a, "uid", pushed(name).ExternalID) })
	var made provision.Identity
	var p page
	push := func() {
		var err error
		if made, _, err = h.core.Directory.CreateIdentity(h.Context(), h.conn.ID, byTest, pushed(name, "agent")); err != nil {
			h.Errorf("%s: pushed: %v", name, err)
		}
	}
	form.Set("RelayState", v.relay)
	finish := b.finishOf(form) // the request that makes or finds the person
	signIn := func() { p = b.get(finish) }
	switch order {
	case "push first":
		push()
		signIn()
	case "sign-in first":
		signIn()
		push()
	default:
		var both sync.WaitGroup
		both.Go(push)
		both.Go(signIn)
		both.Wait()
	}
	b.signedIn(p, name)
	people, err := h.core.Directory.FindPeople(h.Context(), name)
	h.must(err)
	if len(people) != 1 || people[0].ID != made.ID || !people[0].SCIMManaged() || people[0].ExternalID != made.ExternalID {
		h.Fatalf("%s is %+v, pushed as %s", name, people, made.ID)
	}
	now := h.record(name)
	if len(now.Logins) != 1 || len(now.Sessions) != 1 || len(now.Accounts) != 1 || now.Accounts[0].Account.Desired.Role != provision.RoleAgent {
		h.Fatalf("%s: %+v", name, now)
	}
}
