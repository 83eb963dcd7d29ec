package plan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/store"
)

func TestPlanThenApply(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann, bob := h.Person("ann"), h.Person("bob")
		h.Group("Support", provision.MemberID(ann.ID))
		h.Group("Leads", provision.MemberID(bob.ID))
		h.Rule("Leads", provision.RoleAgent, "B")
		other, err := h.Core.Settings.AddDesk(h.Context(), provisiontest.ByTest, provision.Desk{Name: "other", Kind: builtin.Kind})
		h.Must(err)
		_, err = h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: other.ID, Group: "Leads", Role: provision.RoleAgent})
		h.Must(err)
		h.Evaluate()

		d := h.Draft(provisiontest.OnGroup("Support", provision.RoleAgent, "A"))
		var p plan.Plan
		h.Unchanged("a plan", func() { p = h.Plan(d) })
		if h.Plan(d).Hash != p.Hash {
			h.Error("the same plan has two hashes")
		}
		want := []plan.PersonChange{
			{Person: ann.ID, UserName: ann.UserName, Desk: "support", Before: provision.Access{Status: provision.AccessAbsent},
				After: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"A"}}},
			{Person: bob.ID, UserName: bob.UserName, Desk: "support", After: provision.Access{Status: provision.AccessAbsent},
				Before: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"B"}}},
		}
		if diff := cmp.Diff(want, p.People); diff != "" {
			h.Errorf("people (-want +got):\n%s", diff)
		}

		done, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, p.Hash)
		h.Must(err)
		if done.Hash != p.Hash {
			h.Error("what was applied is not what was planned")
		}
		h.Evaluate()
		h.Role(ann.ID, provision.RoleAgent)
		h.Role(bob.ID, "")
		if rules, err := h.Core.Settings.Rules(h.Context(), ""); err != nil || !slices.ContainsFunc(rules, func(r provision.Rule) bool { return r.Desk == other.ID }) {
			h.Errorf("rules of a desk that the file does not name: %v (%v)", rules, err)
		}
		h.Unchanged("applying once more", func() {
			again, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, "")
			h.Must(err)
			if !again.Empty() {
				h.Errorf("second plan %+v", again)
			}
		})
	})
}

func TestStalePlan(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann := h.Person("ann")
		g := h.Group("Support")
		d := h.Draft(provisiontest.OnGroup("Support", provision.RoleAgent))
		for _, tt := range []struct {
			name   string
			change func()
		}{
			{"a new member", func() { h.Must(h.Change(g.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(ann.ID)) })) }},
			{"a member who leaves", func() { h.SetStatus(ann.ID, provision.StatusSuspended) }},
			{"a rule", func() { h.Rule("Other", provision.RoleAgent) }},
		} {
			p := h.Plan(d)
			tt.change()
			h.Unchanged("a stale plan", func() {
				_, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, p.Hash)
				h.Code(err, provision.Stale)
			})
			if t.Failed() {
				h.Fatalf("after %s", tt.name)
			}
		}
	})
}

// TestPlanHashCoversValues checks that a plan that was reviewed for one file
// cannot be applied with another one.
func TestPlanHashCoversValues(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		base := func() plan.Draft { return h.Draft(provisiontest.OnGroup("Nobody", provision.RoleAgent, "A")) }
		edit := func(change func(*plan.Draft)) plan.Draft { d := base(); change(&d); return d }
		hashes := map[string]string{}
		for name, d := range map[string]plan.Draft{
			"base":             base(),
			"role":             edit(func(d *plan.Draft) { d.Rules[0].Rule.Role = provision.RoleAdmin }),
			"team":             edit(func(d *plan.Draft) { d.Rules[0].Rule.Teams = []string{"B"} }),
			"mailbox":          edit(func(d *plan.Draft) { d.Rules[0].Rule.Mailboxes = []string{"Help"} }),
			"url":              edit(func(d *plan.Draft) { d.Desks[0].URL = "https://one.test" }),
			"another url":      edit(func(d *plan.Draft) { d.Desks[0].URL = "https://two.test" }),
			"secret":           edit(func(d *plan.Draft) { d.Desks[0].Secret = "one" }),
			"another secret":   edit(func(d *plan.Draft) { d.Desks[0].Secret = "two" }),
			"profile":          edit(func(d *plan.Draft) { d.Desks[0].Profile = keeping.Policy{keeping.Title: keeping.Once} }),
			"another profile":  edit(func(d *plan.Draft) { d.Desks[0].Profile = keeping.Policy{keeping.Title: keeping.Person} }),
			"seats":            edit(func(d *plan.Draft) { d.Desks[0].Seats = 1 }),
			"more seats":       edit(func(d *plan.Draft) { d.Desks[0].Seats = 2 }),
			"new desk":         edit(func(d *plan.Draft) { d.Desks = append(d.Desks, provision.Desk{Name: "new", Kind: "x"}) }),
			"another new desk": edit(func(d *plan.Draft) { d.Desks = append(d.Desks, provision.Desk{Name: "new", Kind: "y"}) }),
			"domain": edit(func(d *plan.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{"one.test"}}}
			}),
			"another domain": edit(func(d *plan.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{"two.test"}}}
			}),
			"sign-in": edit(func(d *plan.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, SignIn: provision.SignIn{OIDC: &protocol.OIDC{Issuer: "https://one.test"}}}}
			}),
			"another sign-in": edit(func(d *plan.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, SignIn: provision.SignIn{OIDC: &protocol.OIDC{Issuer: "https://two.test"}}}}
			}),
		} {
			hash := h.Plan(d).Hash
			if twin, taken := hashes[hash]; taken {
				h.Errorf("%q and %q have the same hash", name, twin)
			}
			hashes[hash] = name
			if h.Plan(d).Hash != hash {
				h.Errorf("%q has two hashes", name)
			}
		}
	})
}

// TestSignInOptionsInAPlan checks that a plan names what of signing in changes,
// tells no secret, and finds nothing to do once it is applied.
func TestSignInOptionsInAPlan(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		d := plan.Draft{
			Connections: []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, SignIn: provision.SignIn{
				SAML: &protocol.SAML{MetadataURL: "https://idp.test/metadata", Certificates: []string{}, Claims: protocol.Claims{protocol.ClaimEmail: "mail", protocol.ClaimName: "cn"}},
				OIDC: &protocol.OIDC{Issuer: "https://idp.test", ClientID: "c", ClientSecret: "swordfish-of-the-idp", Scopes: []string{}}}}},
			Desks: []provision.Desk{h.Desk},
		}
		d.Desks[0].SignIn.OIDC = &protocol.DeskOIDC{ClientID: "desk", ClientSecret: "swordfish-of-the-desk", RedirectURIs: []string{"https://desk.test/cb"}}
		p := h.Plan(d)
		text, err := json.Marshal(p)
		h.Must(err)
		if strings.Contains(string(text), "swordfish") || !strings.Contains(string(text), `"sign-in"`) || !strings.Contains(string(text), `"sign_in"`) {
			h.Errorf("the plan reads %s", text)
		}
		_, err = h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, p.Hash)
		h.Must(err)
		if again := h.Plan(d); !again.Empty() {
			h.Errorf("applied, and still to do: %+v", again.Changes)
		}
		entries, err := h.Store.Entries(h.Context(), 0, 1000)
		h.Must(err)
		if text, err = json.Marshal(entries); err != nil || strings.Contains(string(text), "swordfish") {
			h.Errorf("the audit log reads %s, %v", text, err)
		}
	})
}

func TestRefusedDrafts(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		rule := provisiontest.OnGroup("Support", provision.RoleAgent)
		unknownDesk, unknownConnection := h.Draft(rule), h.Draft(rule)
		unknownDesk.Rules = []plan.DraftRule{{Connection: "acme", Desk: "none", Rule: rule}}
		unknownConnection.Rules = []plan.DraftRule{{Connection: "none", Desk: "support", Rule: rule}}
		otherKind := h.Draft()
		otherKind.Desks = []provision.Desk{{Name: "support", Kind: "other"}}
		for name, d := range map[string]plan.Draft{
			"rule twice":         h.Draft(rule, rule),
			"desk twice":         {Desks: []provision.Desk{h.Desk, h.Desk}},
			"connection twice":   {Connections: []provision.Connection{h.Conn, h.Conn}},
			"unknown desk":       unknownDesk,
			"unknown connection": unknownConnection,
			"another kind":       otherKind,
			"owner":              h.Draft(provisiontest.OnGroup("Support", provision.RoleOwner)),
		} {
			h.Unchanged(name, func() {
				_, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, "")
				h.Code(err, provision.Invalid)
			})
		}
	})
}

func TestApplyAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann := h.Person("ann")
		h.Group("Support", provision.MemberID(ann.ID))
		drafts := []plan.Draft{h.Draft(provisiontest.OnGroup("Support", provision.RoleAgent)), h.Draft(provisiontest.OnGroup("Support", provision.RoleAdmin))}
		var fns []func() error
		var applied atomic.Int32
		for _, d := range drafts {
			hash := h.Plan(d).Hash
			fns = append(fns, func() error {
				_, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, hash)
				if err == nil {
					applied.Add(1)
					return nil
				}
				h.Code(err, provision.Stale)
				return nil
			})
		}
		h.AtOnce(fns...)
		rules, err := h.Core.Settings.Rules(h.Context(), "")
		h.Must(err)
		if applied.Load() != 1 || len(rules) != 1 {
			h.Errorf("%d plans were applied, %d rules are there, want one of each", applied.Load(), len(rules))
		}
	})
}

// TestApplyKeepsTheBrake checks that changing a connection's settings does not
// release what the brake holds.
func TestApplyKeepsTheBrake(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		d := plan.Draft{Connections: []provision.Connection{{Name: "acme", IdP: provision.IdPOkta}}}
		p := h.Plan(d)
		held := h.Now().UTC()
		conn := h.Conn
		conn.HeldAt = &held
		h.Must(h.Store.SaveConnection(h.Context(), conn))
		_, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, p.Hash)
		h.Must(err)
		got, err := h.Core.Settings.Connection(h.Context(), "acme")
		h.Must(err)
		if got.HeldAt == nil || got.IdP != provision.IdPOkta {
			h.Errorf("connection %+v", got)
		}
	})
}

// TestPlanTellsWhatHappens checks for random rules that a plan says of
// everybody just what applying it then does, and that every part of what they
// have is explained.
func TestPlanTellsWhatHappens(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := h.People(6)
		var groups []string
		for i := range 3 {
			name := fmt.Sprintf("G%d", i)
			groups = append(groups, name)
			h.Group(name, provision.MemberID(people[i].ID), provision.MemberID(people[i+1].ID), provision.MemberID(people[i+3].ID))
		}
		h.Group("Outer", provision.MemberID(h.GroupByName("G0").ID))
		groups = append(groups, "Outer", "Missing")
		h.SetStatus(people[5].ID, provision.StatusSuspended)
		provisiontest.Few(h.T, func(rt *rapid.T) {
			var rules []provision.Rule
			for range rapid.IntRange(0, 4).Draw(rt, "rules") {
				r := provisiontest.OnGroup(rapid.SampledFrom(groups).Draw(rt, "group"), rapid.SampledFrom(provision.Roles).Draw(rt, "role"),
					rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B"}), 1, 2, rapid.ID).Draw(rt, "teams")...)
				if !slices.ContainsFunc(rules, func(o provision.Rule) bool { return o.Group == r.Group }) {
					rules = append(rules, r)
				}
			}
			before := h.Accesses(people)
			p, err := h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, h.Draft(rules...), "")
			if err != nil {
				rt.Fatal(err)
			}
			h.Evaluate()
			after := h.Accesses(people)
			told := map[provision.IdentityID]plan.PersonChange{}
			for _, c := range p.People {
				told[c.Person] = c
			}
			for _, who := range people {
				was, is := before[who.ID], after[who.ID]
				c, named := told[who.ID]
				if was.Same(is) == named {
					rt.Errorf("%s: named in the plan: %v, but %+v became %+v", who.UserName, named, was, is)
				}
				if named && (!c.Before.Same(was) || !c.After.Same(is)) {
					rt.Errorf("%s: the plan says %+v → %+v, it was %+v → %+v", who.UserName, c.Before, c.After, was, is)
				}
				h.CheckExplained(rt, who)
			}
		})
	})
}

// TestApplyKeepsNobodyWaiting: rules are locked for the configuration alone, not
// while everybody is looked at.
func TestApplyKeepsNobodyWaiting(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		for i := range 250 {
			h.Person(fmt.Sprintf("p%03d", i), "agent")
		}
		pushes := 0
		db := &pushedBeside{Store: h.Store, push: func() {
			pushes++
			ctx, cancel := context.WithTimeout(h.Context(), 10*time.Second)
			defer cancel()
			_, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provisiontest.ByTest, provisiontest.Someone(fmt.Sprintf("new%d", pushes)))
			h.Must(err)
		}}
		service := core.New(db, core.Policy{Brake: reconcile.Brake{Off: true}}, slog.New(slog.DiscardHandler)).Plan
		draft := h.Draft(provision.Rule{Attribute: "roles", Equals: "agent", Role: provision.RoleAdmin})
		planned, err := service.Plan(h.Context(), draft)
		h.Must(err)
		applied, err := service.Apply(h.Context(), provisiontest.ByTest, draft, planned.Hash)
		h.Must(err)
		if len(applied.People) != 250 || pushes < 2 {
			h.Errorf("%d people change, want 250; %d pushes meanwhile, want 2", len(applied.People), pushes)
		}
		h.Evaluate()
		if _, err := service.Apply(h.Context(), provisiontest.ByTest, h.Draft(provision.Rule{Attribute: "roles", Equals: "agent", Role: provision.RoleAgent}), planned.Hash); err == nil {
			h.Error("another plan was applied under the hash of the first")
		}
	})
}

// TestApplyKeepsTheNewestSecret: a file without the secret of a desk does not bring
// back the one that was there when its apply began.
func TestApplyKeepsTheNewestSecret(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Desk.Secret = "old"
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		checks := settings.Checks{Look: func(context.Context, provision.Desk) (*settings.Units, error) { // somebody gives it a new one meanwhile
			now := h.Desk
			now.Secret = "new"
			return nil, h.Store.SaveDesk(h.Context(), now)
		}}
		service := core.New(h.Store, core.Policy{Checks: checks}, slog.New(slog.DiscardHandler)).Plan
		d := h.Draft(provisiontest.OnGroup("Support", provision.RoleAgent))
		d.Desks[0].Secret = ""
		_, err := service.Apply(h.Context(), provisiontest.ByTest, d, "")
		h.Must(err)
		now, err := h.Store.Desk(h.Context(), string(h.Desk.ID))
		h.Must(err)
		if now.Secret != "new" {
			h.Errorf("the secret is the %s one", now.Secret)
		}
	})
}

// pushedBeside is a database on which somebody is pushed whenever people are
// looked at outside of a transaction.
type pushedBeside struct {
	*store.Store
	push func()
}

// EachIdentity is part of [plan.Store].
func (p *pushedBeside) EachIdentity(ctx context.Context, c provision.ConnectionID, fn func([]provision.Identity) error) error {
	p.push()
	return p.Store.EachIdentity(ctx, c, fn)
}
