package plan_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// protected gives h a core with mass-change protection, and so many agents of
// the group Support who are at work.
func protected(h *provisiontest.Harness, agents int) []provision.Identity {
	h.Helper()
	h.Core = core.New(h.Store, core.Policy{Now: h.Now}, slog.New(slog.DiscardHandler))
	people := h.People(agents)
	ids := make([]provision.MemberID, agents)
	for i, p := range people {
		ids[i] = provision.MemberID(p.ID)
	}
	h.Group("Support", ids...)
	h.Rule("Support", provision.RoleAgent, "A")
	h.Evaluate()
	h.ReconcileAll()
	return people
}

// TestPlanTellsWhatIsExpensive: new admins, seats, groups that are not there,
// sign-in that ends and losses stand in the plan, and are no part of its hash.
func TestPlanTellsWhatIsExpensive(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		protected(h, 12)
		var it []provision.Identity
		for i := range 3 {
			it = append(it, h.Person(fmt.Sprintf("it%d", i), "it"))
		}
		h.Open(nil, "example.test")
		_, err := h.Core.Settings.SetSignIn(h.Context(), provisiontest.ByTest, "acme", func(s *provision.SignIn) error {
			s.OIDC = &protocol.OIDC{Issuer: provisiontest.Issuer, ClientID: "c", ClientSecret: "s"}
			return nil
		})
		h.Must(err)
		for _, name := range []string{"guest", "other"} {
			_, err := h.SignIn(provisiontest.LoginOf(name))
			h.Must(err)
		}
		d := h.Draft(provisiontest.OnGroup("Supprt", provision.RoleAgent, "A"), provision.Rule{Attribute: "roles", Equals: "it", Role: provision.RoleAdmin})
		d.Desks[0].Seats = 2
		d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{"example.test"}}}
		var p plan.Plan
		h.Unchanged("a plan", func() { p = h.Plan(d) })
		want := plan.Consequences{
			Roles:  []plan.RoleCount{{Desk: "support", Role: provision.RoleAdmin, People: 3}, {Desk: "support", People: 12}},
			Seats:  []plan.SeatCount{{Desk: "support", After: 2, Taken: 12, Needed: 3, Wait: 1, Names: []string{it[2].UserName}}},
			Losses: []plan.LossCount{{Connection: "acme", People: 12, Of: 12, Limit: 5, Held: true}},
			SignIn: []plan.SignInEnd{{Connection: "acme", Protocol: provision.ProtocolOIDC, SignedIn: 2}},
			Groups: []plan.UnknownGroup{{Connection: "acme", Group: "Supprt", Meant: "Support"}},
		}
		if diff := cmp.Diff(want, p.Consequences); diff != "" {
			h.Errorf("consequences (-want +got):\n%s", diff)
		}
		done, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, p.Hash)
		h.Must(err)
		if diff := cmp.Diff(want, done.Consequences); diff != "" {
			h.Errorf("consequences of what was applied (-want +got):\n%s", diff)
		}
		if sessions, err := h.Core.Sessions.Sessions(h.Context(), provision.SessionFilter{}, 0); err != nil || len(sessions) != 0 {
			h.Errorf("still signed in: %v (%v)", sessions, err)
		}
		again := h.Plan(d)
		if diff := cmp.Diff(plan.Consequences{Groups: want.Groups}, again.Consequences); diff != "" || !again.Empty() {
			h.Errorf("once more (-want +got):\n%s", diff)
		}
	})
}

// TestSeatsThatAreLowered: nobody is put out of a seat, and the plan says so.
func TestSeatsThatAreLowered(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		protected(h, 6)
		d := h.Draft(provisiontest.OnGroup("Support", provision.RoleAgent, "A"))
		d.Desks[0].Seats = 4
		want := []plan.SeatCount{{Desk: "support", After: 4, Taken: 6, Needed: 6}}
		if diff := cmp.Diff(want, h.Plan(d).Consequences.Seats); diff != "" {
			h.Errorf("seats (-want +got):\n%s", diff)
		}
	})
}

// TestRulesThatChange: a rule with another role is one change, in either
// direction of reading, and not one that goes and one that comes.
func TestRulesThatChange(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Rule("Support", provision.RoleAdmin)
		h.Rule("Leads", provision.RoleAdmin)
		p := h.Plan(h.Draft(provisiontest.OnGroup("Support", provision.RoleLimited, "A"), provisiontest.OnGroup("New", provision.RoleAgent)))
		want := []plan.Change{
			{Action: "change", Kind: "rule", Name: "group Support → support", Desk: h.Desk.ID, Before: &plan.Granted{Role: provision.RoleAdmin}, After: &plan.Granted{Role: provision.RoleLimited, Teams: []string{"A"}}},
			{Action: "add", Kind: "rule", Name: "group New → support", Desk: h.Desk.ID, After: &plan.Granted{Role: provision.RoleAgent}},
			{Action: "remove", Kind: "rule", Name: "group Leads → support", Desk: h.Desk.ID, Before: &plan.Granted{Role: provision.RoleAdmin}},
		}
		if diff := cmp.Diff(want, p.Changes); diff != "" {
			h.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

// TestExpectedLosses: mass-change protection holds what an admin applies without
// a word, refuses more than was expected, and lets go exactly those whom the plan
// named.
func TestExpectedLosses(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := protected(h, 20)
		late := h.Person("late", "agent")
		h.ByRoles()
		h.Evaluate()
		h.ReconcileAll()
		keep := provision.Rule{Attribute: "roles", Equals: "agent", Role: provision.RoleAgent}
		d := h.Draft(keep)
		p := h.Plan(d)
		h.Unchanged("fewer than there are", func() {
			_, err := h.Core.Plan.ApplyExpecting(h.Context(), provisiontest.ByTest, d, p.Hash, 19)
			h.Code(err, provision.Conflict)
			if err == nil || !strings.Contains(err.Error(), "20 people would lose access") {
				h.Errorf("the true number is missing: %v", err)
			}
		})
		_, err := h.Core.Plan.ApplyExpecting(h.Context(), provisiontest.ByTest, d, p.Hash, 20)
		h.Must(err)
		h.Evaluate()
		// What the identity provider does meanwhile is nothing that anybody has reviewed.
		others := make([]provision.Identity, 8)
		for i := range others {
			others[i] = h.Person(fmt.Sprintf("other%d", i), "agent")
		}
		h.Evaluate()
		h.ReconcileAll()
		for _, o := range others {
			h.SetStatus(o.ID, provision.StatusSuspended)
		}
		h.ReconcileAll()
		for _, who := range people {
			if a := h.Account(who.ID); a.State != provision.AccountEnded {
				h.Errorf("%s: %s (%s), want ended", who.UserName, a.State, a.Reason)
			}
		}
		if a := h.Account(late.ID); a.State != provision.AccountReady {
			h.Errorf("who was to stay: %s", a.State)
		}
		onHold, err := h.Store.AccountsWhere(h.Context(), provision.AccountFilter{State: provision.AccountOnHold}, 0)
		h.Must(err)
		if len(onHold) != len(others) {
			h.Errorf("%d on hold, want the %d whom nobody expected", len(onHold), len(others))
		}
		entries, err := h.Store.Entries(h.Context(), 0, 10_000)
		h.Must(err)
		if !slices.ContainsFunc(entries, func(e provision.Entry) bool {
			return e.Action == audit.PlanApplied && fmt.Sprint(e.Detail["expected_losses"]) == "20" && fmt.Sprint(e.Detail["losses"]) == "20"
		}) {
			h.Error("the audit log does not tell of the expected losses")
		}

		// Those on hold must not be let go by an apply that is about others.
		none := h.Draft(provisiontest.OnGroup("Nobody", provision.RoleAgent))
		lost := h.Plan(none).Consequences
		if len(lost.Losses) != 1 || !lost.Losses[0].OnHold || !lost.Losses[0].Held {
			h.Errorf("losses beside those on hold: %+v", lost.Losses)
		}
		_, err = h.Core.Plan.ApplyExpecting(h.Context(), provisiontest.ByTest, none, "", 100)
		h.Must(err)
		h.Evaluate()
		h.ReconcileAll()
		if a := h.Account(late.ID); a.State != provision.AccountEnded {
			h.Errorf("who was expected to lose access: %s (%s)", a.State, a.Reason)
		}
		onHold, err = h.Store.AccountsWhere(h.Context(), provision.AccountFilter{State: provision.AccountOnHold}, 0)
		h.Must(err)
		if len(onHold) != len(others) {
			h.Errorf("%d on hold after that, want %d", len(onHold), len(others))
		}
	})
}

// TestUnexpectedLossesAreHeld: without the number the protection does what the
// plan has said.
func TestUnexpectedLossesAreHeld(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := protected(h, 8)
		d := h.Draft(provisiontest.OnGroup("Supprt", provision.RoleAgent))
		if l := h.Plan(d).Consequences.Losses; len(l) != 1 || !l[0].Held {
			h.Errorf("losses %+v", l)
		}
		_, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, "")
		h.Must(err)
		h.Evaluate()
		h.ReconcileAll()
		for _, who := range people {
			if a := h.Account(who.ID); a.State != provision.AccountOnHold {
				h.Errorf("%s: %s, want on hold", who.UserName, a.State)
			}
		}
	})
}

// TestExpectedLossesAndSeats: seats that a desk gains in the same apply are passed
// on, and accounts are locked in their order.
func TestExpectedLossesAndSeats(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Core = core.New(h.Store, core.Policy{Now: h.Now, Brake: reconcile.Brake{People: 1, Percent: 1}}, slog.New(slog.DiscardHandler))
		d := h.Draft(provision.Rule{Attribute: "roles", Equals: "agent", Role: provision.RoleAgent}, provision.Rule{Attribute: "roles", Equals: "leaver", Role: provision.RoleAgent})
		d.Desks[0].Seats = 5
		_, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, "")
		h.Must(err)
		for i := range 3 {
			h.Person(fmt.Sprintf("leaver%d", i), "leaver")
		}
		for i := range 6 {
			h.Person(fmt.Sprintf("agent%d", i), "agent")
		}
		h.Evaluate()
		h.ReconcileAll()
		d.Rules, d.Desks[0].Seats = d.Rules[:1], 20
		_, err = h.Core.Plan.ApplyExpecting(h.Context(), provisiontest.ByTest, d, "", 3)
		h.Must(err)
		h.Evaluate()
		h.ReconcileAll()
		for state, want := range map[provision.AccountState]int{provision.AccountReady: 6, provision.AccountEnded: 3} {
			got, err := h.Store.AccountsWhere(h.Context(), provision.AccountFilter{State: state}, 0)
			h.Must(err)
			if len(got) != want {
				h.Errorf("%d accounts are %s, want %d", len(got), state, want)
			}
		}
	})
}

// TestAllMistakesAtOnce: one round finds them all, each with its entry.
func TestAllMistakesAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		d := plan.Draft{
			Connections: []provision.Connection{{Name: "Acme!", IdP: "octa", Domains: []string{"no domain"}}, {Name: "acme", IdP: provision.IdPOkta, Domains: []string{"acme.test"}}, {Name: "acme", IdP: provision.IdPOkta}, {Name: "other", IdP: provision.IdPOkta, Domains: []string{"acme.test"}}},
			Desks:       []provision.Desk{{Name: "support", Kind: "zendesk", OnLeave: "destroy", Adoption: "maybe", Drift: "x", Seats: -1}},
			Rules: []plan.DraftRule{
				{Connection: "acne", Desk: "supprt", Rule: provision.Rule{Group: "G", Role: "boss"}},
				{Connection: "acme", Desk: "support", Rule: provision.Rule{Equals: "x", Role: provision.RoleAgent, Teams: []string{"a\nb"}}},
			},
			JITRoles: map[string]provision.Role{"acme": provision.RoleAdmin},
		}
		_, err := h.Core.Plan.Check(h.Context(), d)
		h.Code(err, provision.Invalid)
		for _, want := range []string{
			`connections[1]: "Acme!" cannot be a name`, `connections[1]: unknown idp "octa"`, `connections[1]: "no domain" is no e-mail domain`,
			`connections[3]: connection "acme" stands in the file twice: it is connections[2], too`, `connections[2]: connection "acme": jit: a first sign-in makes nobody an admin`,
			`connections[4]: the domain acme.test belongs to connection acme`, `desks[1]: unknown on_leave "destroy"`, `desks[1]: unknown adoption "maybe"`, `desks[1]: unknown drift "x"`, `desks[1]: seats cannot be negative`,
			`desks[1]: desk "support" is of kind builtin and cannot become zendesk`,
			`rules[1]: there is no connection "acne", neither in the file nor in Deskbridge; did you mean "acme"?`,
			`rules[1]: there is no desk "supprt", neither in the file nor in Deskbridge; did you mean "support"?`, `rules[1]: unknown role "boss"`,
			`rules[2]: a rule names either a group or an attribute`, `rules[2]: equals goes with an attribute`, `rules[2]: teams has a character that cannot be seen, U+000A`,
		} {
			if err != nil && !strings.Contains(err.Error(), want) {
				h.Errorf("%s\nis not in:\n%v", want, err)
			}
		}
	})
}
