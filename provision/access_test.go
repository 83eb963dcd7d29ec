package provision_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var supportRules = []provision.Rule{
	{ID: "r1", Connection: "acme", Desk: "support", Group: "Agents", Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}},
	{ID: "r2", Connection: "acme", Desk: "support", Group: "Leads", GroupID: "g-leads", Role: provision.RoleAdmin, Teams: []string{"Tier 2"}},
	{ID: "r3", Connection: "acme", Desk: "support", Attribute: "roles", Equals: "reader", Role: provision.RoleLimited},
	{ID: "r4", Connection: "acme", Desk: "support", Attribute: "department", Teams: []string{"Everyone"}},
	{ID: "r5", Connection: "acme", Desk: "sales", Attribute: provision.AttributeDesk, Role: provision.RoleAgent, Teams: []string{"North", "South"}},
	{ID: "r7", Connection: "acme", Desk: "own", Group: "Agents", Role: provision.RoleAgent, DeskRoles: []string{"Editor"}},
	{ID: "r8", Connection: "acme", Desk: "own", Group: "Leads", GroupID: "g-leads", Role: provision.RoleLimited, DeskRoles: []string{"Lead", "editor"}},
	{ID: "r6", Connection: "other", Desk: "support", Group: "Agents", Role: provision.RoleAdmin},
}

func TestEvaluate(t *testing.T) {
	agents := provision.Membership{Group: "g-agents", Name: "agents"}
	leads := provision.Membership{Group: "g-leads", Name: "Team leads (renamed)", Via: []provision.GroupID{"g-emea"}}
	agentGrant := provision.Grant{Rule: "r1", Group: "g-agents", GroupName: "agents", Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}}
	leadGrant := provision.Grant{Rule: "r2", Group: "g-leads", GroupName: leads.Name, Via: leads.Via, Role: provision.RoleAdmin, Teams: []string{"Tier 2"}}

	for _, tt := range []struct {
		name   string
		status provision.Status
		attrs  provision.Attributes
		asks   provision.Requested
		groups []provision.Membership
		desk   provision.DeskID
		want   provision.Access
	}{
		{"nobody without a rule", provision.StatusActive, nil, provision.Requested{}, nil, "support", provision.Access{Status: provision.AccessAbsent}},
		{"a group by its name in any letter case", provision.StatusActive, nil, provision.Requested{}, []provision.Membership{agents}, "support",
			provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}, Grants: []provision.Grant{agentGrant}}},
		{"highest role wins, teams add up, a bound group survives its rename", provision.StatusActive, nil, provision.Requested{}, []provision.Membership{agents, leads}, "support",
			provision.Access{Status: provision.AccessActive, Role: provision.RoleAdmin, Teams: []string{"Tier 1", "Tier 2"}, Mailboxes: []string{"Help"}, Grants: []provision.Grant{leadGrant, agentGrant}}},
		{"suspended beats every rule", provision.StatusSuspended, nil, provision.Requested{}, []provision.Membership{agents, leads}, "support", provision.Access{Status: provision.AccessSuspended}},
		{"removed beats every rule", provision.StatusRemoved, nil, provision.Requested{}, []provision.Membership{agents}, "support", provision.Access{Status: provision.AccessSuspended}},
		{"teams alone make no agent", provision.StatusActive, provision.Attributes{"department": {"Finance"}}, provision.Requested{}, nil, "support",
			provision.Access{Status: provision.AccessAbsent, Grants: []provision.Grant{{Rule: "r4", Attribute: "department", Teams: []string{"Everyone"}}}}},
		{"an attribute value in any letter case", provision.StatusActive, provision.Attributes{"roles": {"x", "READER"}}, provision.Requested{}, nil, "support",
			provision.Access{Status: provision.AccessActive, Role: provision.RoleLimited, Grants: []provision.Grant{{Rule: "r3", Attribute: "roles", Role: provision.RoleLimited}}}},
		{"the desk extension up to the rule's role, and only its teams", provision.StatusActive,
			nil, provision.Requested{Roles: []string{"admin"}, Teams: []string{"north", "Secret"}}, nil, "sales",
			provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"North"},
				Grants: []provision.Grant{{Rule: "r5", Attribute: "desk", Role: provision.RoleAgent, Teams: []string{"North"}}}}},
		{"roles of the desk's own add up beside the highest of ours", provision.StatusActive, nil, provision.Requested{}, []provision.Membership{agents, leads}, "own",
			provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, DeskRoles: provision.Sorted([]string{"Editor", "Lead", "editor"}), Grants: []provision.Grant{
				{Rule: "r7", Group: "g-agents", GroupName: "agents", Role: provision.RoleAgent, DeskRoles: []string{"Editor"}},
				{Rule: "r8", Group: "g-leads", GroupName: leads.Name, Via: leads.Via, Role: provision.RoleLimited, DeskRoles: []string{"Lead", "editor"}}}}},
		{"the desk extension cannot ask for owner", provision.StatusActive, nil, provision.Requested{Roles: []string{"owner"}}, nil, "sales",
			provision.Access{Status: provision.AccessAbsent, Grants: []provision.Grant{{Rule: "r5", Attribute: "desk", Role: provision.RoleNone}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			person := provision.Identity{Connection: "acme", Status: tt.status, Attributes: tt.attrs, Requested: tt.asks}
			got := provision.Evaluate(supportRules, person, tt.groups, tt.desk, time.Now())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Evaluate (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatLooksLikeAGroup has somebody be in a group of their own making, or
// have an attribute, that letter case alone does not make the rule's.
func TestWhatLooksLikeAGroup(t *testing.T) {
	for _, tt := range []struct {
		rule, name string
		want       bool
	}{
		{"Desk admins", "DESK ADMINS", true},
		{"Équipe", "ÉQUIPE", true},
		{"ομαδας", "ΟΜΑΔΑΣ", true},
		{"Desk admins", "Des\u212a admins", false}, // the Kelvin sign
		{"Desk admins", "De\u017fk admins", false}, // the long s
		{"Desk admins", "Desk adm\u0130ns", false}, // a dotted I
		{"Desk admins", "Desk\u00a0admins", false},
		{"Desk admins", "Desk admins ", false},
		{"Desk admins", "", false},
	} {
		rules := []provision.Rule{{Connection: "acme", Desk: "d", Group: tt.rule, Role: provision.RoleAdmin}}
		person := provision.Identity{Connection: "acme", Status: provision.StatusActive}
		byGroup := provision.Evaluate(rules, person, []provision.Membership{{Name: tt.name, Claimed: true}}, "d", time.Now())
		rules[0].Group, rules[0].Attribute, rules[0].Equals = "", "roles", tt.rule
		person.Attributes = provision.Attributes{"roles": {tt.name}}
		byAttribute := provision.Evaluate(rules, person, nil, "d", time.Now())
		for how, got := range map[string]provision.Access{"group": byGroup, "attribute": byAttribute} {
			if (got.Role == provision.RoleAdmin) != tt.want {
				t.Errorf("the %s %q for a rule on %q: %+v", how, tt.name, tt.rule, got)
			}
		}
	}
}

// genRules draws rules and memberships that often meet.
func genRules(t *rapid.T) ([]provision.Rule, []provision.Membership) {
	name := rapid.SampledFrom([]string{"a", "A", "b", "c"})
	rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) provision.Rule {
		return provision.Rule{
			ID: provision.RuleID(rapid.StringMatching(`r[0-9]{2}`).Draw(t, "id")), Connection: "acme", Desk: "d",
			Group:   name.Draw(t, "group"),
			GroupID: provision.GroupID(rapid.SampledFrom([]string{"", "g1", "g2"}).Draw(t, "bound")),
			Role:    rapid.SampledFrom(provision.Roles).Draw(t, "role"),
			Teams:   rapid.SliceOfN(rapid.SampledFrom([]string{"t1", "t2", "t3"}), 0, 3).Draw(t, "teams"),
		}
	}), 0, 8).Draw(t, "rules")
	groups := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) provision.Membership {
		return provision.Membership{Group: provision.GroupID(rapid.SampledFrom([]string{"g1", "g2", "g3"}).Draw(t, "id")), Name: name.Draw(t, "name")}
	}), 0, 4).Draw(t, "groups")
	slices.SortFunc(rules, func(a, b provision.Rule) int { return compare(a.ID, b.ID) })
	rules = slices.CompactFunc(rules, func(a, b provision.Rule) bool { return a.ID == b.ID }) // ids are unique
	slices.SortFunc(groups, func(a, b provision.Membership) int { return compare(a.Group, b.Group) })
	groups = slices.CompactFunc(groups, func(a, b provision.Membership) bool { return a.Group == b.Group })
	return rules, groups
}

func compare[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestEvaluateLaws checks what must hold for any rules.
func TestEvaluateLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, groups := genRules(t)
		person := provision.Identity{Connection: "acme", Status: provision.StatusActive}
		got := provision.Evaluate(rules, person, groups, "d", time.Now())

		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffledRules, shuffledGroups := slices.Clone(rules), slices.Clone(groups)
		rng.Shuffle(len(rules), func(i, j int) { shuffledRules[i], shuffledRules[j] = shuffledRules[j], shuffledRules[i] })
		rng.Shuffle(len(groups), func(i, j int) { shuffledGroups[i], shuffledGroups[j] = shuffledGroups[j], shuffledGroups[i] })
		if diff := cmp.Diff(got, provision.Evaluate(shuffledRules, person, shuffledGroups, "d", time.Now())); diff != "" {
			t.Fatalf("order matters:\n%s", diff)
		}

		for _, status := range []provision.Status{provision.StatusSuspended, provision.StatusRemoved} {
			gone := person
			gone.Status = status
			if out := provision.Evaluate(rules, gone, groups, "d", time.Now()); out.Status != provision.AccessSuspended || len(out.Teams) > 0 || out.Role != "" {
				t.Fatalf("%s person has %+v", status, out)
			}
		}

		// Every part of the access is explained by a grant.
		e := explanation.Explanation{Desired: got}
		for _, r := range e.Reasons() {
			if len(r.Grants) == 0 {
				t.Fatalf("nothing explains %s %s", r.What, r.Name)
			}
		}

		// A further group never takes anything away.
		more := provision.Evaluate(rules, person, append(slices.Clone(groups), provision.Membership{Group: "g9", Name: "c"}), "d", time.Now())
		if more.Role.Less(got.Role) {
			t.Fatalf("another group lowers the role from %s to %s", got.Role, more.Role)
		}
		for _, team := range got.Teams {
			if !slices.Contains(more.Teams, team) {
				t.Fatalf("another group takes team %s away", team)
			}
		}
	})
}

func TestRuleValidate(t *testing.T) {
	ok := provision.Rule{Connection: "c", Desk: "d", Group: "g", Role: provision.RoleAgent}
	for _, tt := range []struct {
		name  string
		edit  func(*provision.Rule)
		field string
	}{
		{"as it should be", func(*provision.Rule) {}, ""},
		{"no connection", func(r *provision.Rule) { r.Connection = "" }, "connection"},
		{"no desk", func(r *provision.Rule) { r.Desk = "" }, "desk"},
		{"neither group nor attribute", func(r *provision.Rule) { r.Group = "" }, "group"},
		{"both group and attribute", func(r *provision.Rule) { r.Attribute = "roles" }, "group"},
		{"equals without attribute", func(r *provision.Rule) { r.Equals = "x" }, "equals"},
		{"owner", func(r *provision.Rule) { r.Role = provision.RoleOwner }, "role"},
		{"nothing granted", func(r *provision.Rule) { r.Role = "" }, "role"},
		{"desk extension without a bound", func(r *provision.Rule) { r.Group, r.Attribute, r.Role, r.Teams = "", "desk", "", []string{"t"} }, "role"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ok
			tt.edit(&r)
			if got := fieldOf(r.Validate()); got != tt.field {
				t.Errorf("field at fault = %q, want %q", got, tt.field)
			}
		})
	}
}

// BenchmarkEvaluate shows that the cost follows the rules, not the people.
func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			var rules []provision.Rule
			for i := range n {
				rules = append(rules, provision.Rule{ID: provision.RuleID(fmt.Sprint(i)), Connection: "acme", Desk: "d",
					Group: fmt.Sprintf("group %d", i), GroupID: provision.GroupID(fmt.Sprintf("g%d", i)), Role: provision.RoleAgent})
			}
			person := provision.Identity{Connection: "acme", Status: provision.StatusActive}
			groups := []provision.Membership{{Group: "g1", Name: "group 1"}, {Group: "g7", Name: "group 7"}}
			b.ReportAllocs()
			for b.Loop() {
				provision.Evaluate(rules, person, groups, "d", time.Now())
			}
		})
	}
}

// TestDeskRolesNeedARole: every guard goes by the role, so a rule says one.
func TestDeskRolesNeedARole(t *testing.T) {
	for _, tt := range []struct {
		rule  provision.Rule
		words string
	}{
		{provision.Rule{Group: "Leads", DeskRoles: []string{"Lead"}}, "desk_roles come with a role"},
		{provision.Rule{Group: "Leads", Role: provision.RoleNone, DeskRoles: []string{"Lead"}}, "desk_roles come with a role"},
		{provision.Rule{Attribute: "desk", Role: provision.RoleAgent, DeskRoles: []string{"Lead"}}, "names no desk_roles"},
		{provision.Rule{Group: "Leads", Role: provision.RoleAgent, DeskRoles: []string{"Le\u200bad"}}, "desk_roles"},
		{provision.Rule{Group: "Leads", Role: provision.RoleAgent, DeskRoles: []string{"Lead"}}, ""},
	} {
		tt.rule.Connection, tt.rule.Desk = "acme", "support"
		err := tt.rule.Validate()
		if (err != nil) != (tt.words != "") || err != nil && !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%+v: %v, want %q", tt.rule, err, tt.words)
		}
	}
}
