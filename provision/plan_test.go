package provision_test

import (
	"flag"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// draft is a file that names the desk and these rules, given by group.
func (h *house) draft(rules ...provision.Rule) provision.Draft {
	d := provision.Draft{Desks: []provision.Desk{h.desk}, Rules: rules}
	for i := range d.Rules {
		d.Rules[i].Connection, d.Rules[i].Desk = "acme", "support"
	}
	return d
}

func (h *house) plan(d provision.Draft) provision.Plan {
	h.Helper()
	p, err := h.core.Plan(h.Context(), d)
	h.must(err)
	return p
}

func onGroup(group string, role provision.Role, teams ...string) provision.Rule {
	return provision.Rule{Group: group, Role: role, Teams: teams}
}

func TestPlanThenApply(t *testing.T) {
	each(t, func(h *house) {
		ann, bob := h.person("ann"), h.person("bob")
		h.group("Support", provision.MemberID(ann.ID))
		h.group("Leads", provision.MemberID(bob.ID))
		h.rule("Leads", provision.RoleAgent, "B")
		other, err := h.core.AddDesk(h.Context(), byTest, provision.Desk{Name: "other", Kind: builtin.Kind})
		h.must(err)
		_, err = h.core.AddRule(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: other.ID, Group: "Leads", Role: provision.RoleAgent})
		h.must(err)
		h.evaluate()

		d := h.draft(onGroup("Support", provision.RoleAgent, "A"))
		var p provision.Plan
		h.unchanged("a plan", func() { p = h.plan(d) })
		if h.plan(d).Hash != p.Hash {
			h.Error("the same plan has two hashes")
		}
		want := []provision.PersonChange{
			{Person: ann.ID, UserName: ann.UserName, Desk: "support", Before: provision.Access{Status: provision.AccessAbsent},
				After: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"A"}}},
			{Person: bob.ID, UserName: bob.UserName, Desk: "support", After: provision.Access{Status: provision.AccessAbsent},
				Before: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"B"}}},
		}
		if diff := cmp.Diff(want, p.People); diff != "" {
			h.Errorf("people (-want +got):\n%s", diff)
		}

		done, err := h.core.Apply(h.Context(), byTest, d, p.Hash)
		h.must(err)
		if done.Hash != p.Hash {
			h.Error("what was applied is not what was planned")
		}
		h.evaluate()
		h.role(ann.ID, provision.RoleAgent)
		h.role(bob.ID, "")
		if rules, err := h.core.Rules(h.Context(), ""); err != nil || !slices.ContainsFunc(rules, func(r provision.Rule) bool { return r.Desk == other.ID }) {
			h.Errorf("rules of a desk that the file does not name: %v (%v)", rules, err)
		}
		h.unchanged("applying once more", func() {
			again, err := h.core.Apply(h.Context(), byTest, d, "")
			h.must(err)
			if !again.Empty() {
				h.Errorf("second plan %+v", again)
			}
		})
	})
}

func TestStalePlan(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann")
		g := h.group("Support")
		d := h.draft(onGroup("Support", provision.RoleAgent))
		for _, tt := range []struct {
			name   string
			change func()
		}{
			{"a new member", func() { h.must(h.change(g.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(ann.ID)) })) }},
			{"a member who leaves", func() { h.setStatus(ann.ID, provision.StatusSuspended) }},
			{"a rule", func() { h.rule("Other", provision.RoleAgent) }},
		} {
			p := h.plan(d)
			tt.change()
			h.unchanged("a stale plan", func() {
				_, err := h.core.Apply(h.Context(), byTest, d, p.Hash)
				h.code(err, provision.Stale)
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
	each(t, func(h *house) {
		base := func() provision.Draft { return h.draft(onGroup("Nobody", provision.RoleAgent, "A")) }
		edit := func(change func(*provision.Draft)) provision.Draft { d := base(); change(&d); return d }
		hashes := map[string]string{}
		for name, d := range map[string]provision.Draft{
			"base":             base(),
			"role":             edit(func(d *provision.Draft) { d.Rules[0].Role = provision.RoleAdmin }),
			"team":             edit(func(d *provision.Draft) { d.Rules[0].Teams = []string{"B"} }),
			"mailbox":          edit(func(d *provision.Draft) { d.Rules[0].Mailboxes = []string{"Help"} }),
			"url":              edit(func(d *provision.Draft) { d.Desks[0].URL = "https://one.test" }),
			"another url":      edit(func(d *provision.Draft) { d.Desks[0].URL = "https://two.test" }),
			"secret":           edit(func(d *provision.Draft) { d.Desks[0].Secret = "one" }),
			"another secret":   edit(func(d *provision.Draft) { d.Desks[0].Secret = "two" }),
			"seats":            edit(func(d *provision.Draft) { d.Desks[0].Seats = 1 }),
			"more seats":       edit(func(d *provision.Draft) { d.Desks[0].Seats = 2 }),
			"new desk":         edit(func(d *provision.Draft) { d.Desks = append(d.Desks, provision.Desk{Name: "new", Kind: "x"}) }),
			"another new desk": edit(func(d *provision.Draft) { d.Desks = append(d.Desks, provision.Desk{Name: "new", Kind: "y"}) }),
			"domain": edit(func(d *provision.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{"one.test"}}}
			}),
			"another domain": edit(func(d *provision.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{"two.test"}}}
			}),
			"sign-in": edit(func(d *provision.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, SignIn: provision.SignIn{OIDC: []byte(`{"issuer":"https://one.test"}`)}}}
			}),
			"another sign-in": edit(func(d *provision.Draft) {
				d.Connections = []provision.Connection{{Name: "acme", IdP: provision.IdPGeneric, SignIn: provision.SignIn{OIDC: []byte(`{"issuer":"https://two.test"}`)}}}
			}),
		} {
			hash := h.plan(d).Hash
			if twin, taken := hashes[hash]; taken {
				h.Errorf("%q and %q have the same hash", name, twin)
			}
			hashes[hash] = name
			if h.plan(d).Hash != hash {
				h.Errorf("%q has two hashes", name)
			}
		}
	})
}

func TestRefusedDrafts(t *testing.T) {
	each(t, func(h *house) {
		rule := onGroup("Support", provision.RoleAgent)
		unknownDesk, unknownConnection := h.draft(rule), h.draft(rule)
		unknownDesk.Rules = []provision.Rule{{Connection: "acme", Desk: "none", Group: "Support", Role: provision.RoleAgent}}
		unknownConnection.Rules = []provision.Rule{{Connection: "none", Desk: "support", Group: "Support", Role: provision.RoleAgent}}
		otherKind := h.draft()
		otherKind.Desks = []provision.Desk{{Name: "support", Kind: "other"}}
		for name, d := range map[string]provision.Draft{
			"rule twice":         h.draft(rule, rule),
			"desk twice":         {Desks: []provision.Desk{h.desk, h.desk}},
			"connection twice":   {Connections: []provision.Connection{h.conn, h.conn}},
			"unknown desk":       unknownDesk,
			"unknown connection": unknownConnection,
			"another kind":       otherKind,
			"owner":              h.draft(onGroup("Support", provision.RoleOwner)),
		} {
			h.unchanged(name, func() {
				_, err := h.core.Apply(h.Context(), byTest, d, "")
				h.code(err, provision.Invalid)
			})
		}
	})
}

func TestApplyAtOnce(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann")
		h.group("Support", provision.MemberID(ann.ID))
		drafts := []provision.Draft{h.draft(onGroup("Support", provision.RoleAgent)), h.draft(onGroup("Support", provision.RoleAdmin))}
		var fns []func() error
		var applied atomic.Int32
		for _, d := range drafts {
			hash := h.plan(d).Hash
			fns = append(fns, func() error {
				_, err := h.core.Apply(h.Context(), byTest, d, hash)
				if err == nil {
					applied.Add(1)
					return nil
				}
				h.code(err, provision.Stale)
				return nil
			})
		}
		h.atOnce(fns...)
		rules, err := h.core.Rules(h.Context(), "")
		h.must(err)
		if applied.Load() != 1 || len(rules) != 1 {
			h.Errorf("%d plans were applied, %d rules are there, want one of each", applied.Load(), len(rules))
		}
	})
}

// TestApplyKeepsTheBrake checks that changing a connection's settings does not
// release what the brake holds.
func TestApplyKeepsTheBrake(t *testing.T) {
	each(t, func(h *house) {
		d := provision.Draft{Connections: []provision.Connection{{Name: "acme", IdP: provision.IdPOkta}}}
		p := h.plan(d)
		held := h.now().UTC()
		conn := h.conn
		conn.HeldAt = &held
		h.must(h.store.SaveConnection(h.Context(), conn))
		_, err := h.core.Apply(h.Context(), byTest, d, p.Hash)
		h.must(err)
		got, err := h.core.Connection(h.Context(), "acme")
		h.must(err)
		if got.HeldAt == nil || got.IdP != provision.IdPOkta {
			h.Errorf("connection %+v", got)
		}
	})
}

// TestPlanTellsWhatHappens checks for random rules that a plan says of
// everybody just what applying it then does, and that every part of what they
// have is explained.
func TestPlanTellsWhatHappens(t *testing.T) {
	each(t, func(h *house) {
		people := h.people(6)
		var groups []string
		for i := range 3 {
			name := fmt.Sprintf("G%d", i)
			groups = append(groups, name)
			h.group(name, provision.MemberID(people[i].ID), provision.MemberID(people[i+1].ID), provision.MemberID(people[i+3].ID))
		}
		h.group("Outer", provision.MemberID(h.groupByName("G0").ID))
		groups = append(groups, "Outer", "Missing")
		h.setStatus(people[5].ID, provision.StatusSuspended)
		few(h.T, func(rt *rapid.T) {
			var rules []provision.Rule
			for range rapid.IntRange(0, 4).Draw(rt, "rules") {
				r := onGroup(rapid.SampledFrom(groups).Draw(rt, "group"), rapid.SampledFrom(provision.Roles).Draw(rt, "role"),
					rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B"}), 1, 2, rapid.ID).Draw(rt, "teams")...)
				if !slices.ContainsFunc(rules, func(o provision.Rule) bool { return o.Group == r.Group }) {
					rules = append(rules, r)
				}
			}
			before := h.accesses(people)
			p, err := h.core.Apply(h.Context(), byTest, h.draft(rules...), "")
			if err != nil {
				rt.Fatal(err)
			}
			h.evaluate()
			after := h.accesses(people)
			told := map[provision.IdentityID]provision.PersonChange{}
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
				h.explained(rt, who)
			}
		})
	})
}

// few checks fewer cases than usual: each of them writes a lot.
func few(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	usual := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", "20"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = flag.Set("rapid.checks", usual) }() // it was valid before
	rapid.Check(t, property)
}

func (h *house) groupByName(name string) provision.Group {
	h.Helper()
	g, err := h.store.GroupByName(h.Context(), h.conn.ID, name)
	h.must(err)
	return g
}

// accesses returns what people should have, in the words of a plan.
func (h *house) accesses(people []provision.Identity) map[provision.IdentityID]provision.Access {
	h.Helper()
	out := make(map[provision.IdentityID]provision.Access)
	for _, p := range people {
		a := h.wanted(p.ID)
		if a.Status != provision.AccessActive {
			a = provision.Access{Status: provision.AccessAbsent}
		}
		out[p.ID] = a
	}
	return out
}

// explained checks that each part of a person's access names a rule that is
// there and gives it, and the group through which it does.
func (h *house) explained(rt *rapid.T, who provision.Identity) {
	explanations, err := h.core.Explain(h.Context(), who)
	if err != nil {
		rt.Fatal(err)
	}
	for _, e := range explanations {
		if kept := h.wanted(who.ID); kept.Status == provision.AccessActive && !kept.Same(e.Wanted) {
			rt.Errorf("explained %+v, kept %+v", e.Wanted, kept)
		}
		parts := 0
		for _, r := range e.Reasons() {
			parts++
			if len(r.Grants) == 0 {
				rt.Errorf("%s %s of %s comes from nowhere", r.What, r.Name, who.UserName)
			}
			for _, g := range r.Grants {
				rule, known := e.Rules[g.Rule]
				in := slices.ContainsFunc(e.Groups, func(m provision.Membership) bool { return m.Group == g.Group && m.Name == g.GroupName })
				if !known || !in || rule.Group != g.GroupName {
					rt.Errorf("%s %s of %s comes from rule %+v and group %s, which are not so", r.What, r.Name, who.UserName, rule, g.GroupName)
				}
			}
		}
		if e.Wanted.Status == provision.AccessActive && parts != 1+len(e.Wanted.Teams)+len(e.Wanted.Mailboxes) {
			rt.Errorf("%d reasons for %+v", parts, e.Wanted)
		}
	}
}
