package worker_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/store"
)

// TestSignInsThatTakeAccessAway: what an identity provider no longer claims of
// people when they sign in counts like what it pushes.
func TestSignInsThatTakeAccessAway(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		_, err := h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Group: "Support", Role: provision.RoleAgent})
		h.must(err)
		h.agents()
		h.conn.SignIn.JIT = &provision.JIT{Create: true, NoGroups: provision.NoGroupsEmpty}
		h.must(h.store.SaveConnection(h.Context(), h.conn))
		signIn := func(name string, roles []string, groups ...string) provision.Identity {
			h.Helper()
			in, _, _, err := h.core.SignIn.SignIn(h.Context(), h.conn.ID, byTest, signin.SignInRequest{Login: provision.Login{
				Protocol: provision.ProtocolOIDC, Issuer: "https://idp.example.test", Subject: "sub-" + name, UserName: name + "@" + domain,
				Email: name + "@" + domain, Verified: provision.VerifiedYes, Profile: provision.Profile{DisplayName: name},
				Attributes: map[string][]string{"roles": roles}, Groups: groups, GroupsKnown: groups != nil}})
			h.must(err)
			return in.Person
		}
		var ids []provision.Identity
		for i := range 12 {
			if i%2 == 0 {
				ids = append(ids, signIn(fmt.Sprint("p", i), nil, "Support"))
			} else {
				ids = append(ids, signIn(fmt.Sprint("p", i), []string{"agent"}, "Everyone"))
			}
		}
		h.drain()
		if h.activeUsers() != 12 {
			h.Fatalf("%d active, want 12", h.activeUsers())
		}
		signIn("p0", nil, "Everyone")
		h.drain()
		h.pass(grace)
		h.state(ids[0].ID, provision.AccountEnded) // one is none too many
		for i := 1; i < 9; i++ {
			switch i % 4 {
			case 0:
				signIn(fmt.Sprint("p", i), nil, "Everyone") // out of the group
			case 2:
				signIn(fmt.Sprint("p", i), nil) // not a word of groups
			default:
				signIn(fmt.Sprint("p", i), []string{"nothing"}, "Everyone")
			}
		}
		h.drain()
		h.pass(grace)
		h.held(ids[1:9]...)
		if h.activeUsers() != 11 {
			h.Errorf("%d active, want 11", h.activeUsers())
		}
		signIn("p2", nil, "Support") // taken back
		h.drain()
		h.state(ids[2].ID, provision.AccountReady)
		h.held(append(ids[3:9:9], ids[1])...)
	})
}

// TestReleasedWhileARunWasDue: a release is about all that was on hold, also
// whoever happens to wait for a run at that moment.
func TestReleasedWhileARunWasDue(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(7)
		h.lose(ids[:6]...)
		h.drain()
		h.pass(grace)
		h.held(ids[:6]...)
		h.must(h.store.InTx(h.Context(), func(tx *store.Store) error {
			return h.core.Entitlement.Requeue(h.Context(), tx, []provision.Account{h.account(ids[0].ID)})
		}))
		n, err := h.release()
		h.must(err)
		h.drain()
		if n != 5 || h.onHold() || h.activeUsers() != 1 {
			h.Errorf("released %d, on hold %v, %d active", n, h.onHold(), h.activeUsers())
		}
	})
}

// TestExplicitHoldsAreFoundOneByOne: whoever is suspended is counted by their own
// run, and nobody is looked for because of them.
func TestExplicitHoldsAreFoundOneByOne(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(7)
		h.suspendAll(ids[:6])
		for _, id := range ids[:6] {
			_, err := h.core.Reconcile.Begin(h.Context(), h.account(id.ID).ID)
			onHold, ok := errors.AsType[*reconcile.OnHoldError](err)
			if ok && onHold.New {
				h.Errorf("others are looked for after %s", id.UserName)
			}
		}
		h.held(ids[:6]...)
	})
}
