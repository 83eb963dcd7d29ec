package main

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// TestRuleListNamesLookAlikes checks that a rule which has missed a group for blanks
// that nobody sees says so, and that one whose group is not there does not.
func TestRuleListNamesLookAlikes(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		from := b.connect("acme")
		b.apply("desks: [{name: support, kind: builtin, drift: off, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, group: Support X, desk: support, role: agent, teams: [Tier 1]}\n")
		list := func() string { return strings.Join(strings.Fields(b.command("rule", "list")), " ") }
		if got := list(); !strings.Contains(got, "group Support X (not pushed yet)") {
			t.Errorf("before: %s", got)
		}
		from.group(t, "Support\u00a0X ")
		if got := list(); !strings.Contains(got, `group Support X (not pushed; the IdP has "Support\u00a0X ", which differs in blanks: rename it there)`) {
			t.Errorf("beside a look-alike: %s", got)
		}
		from.group(t, "support x")
		if got := list(); strings.Contains(got, "group Support X (") {
			t.Errorf("bound: %s", got)
		}
	})
}

// TestRuleOfRenamedTeam checks that the old name of a team goes on to be taken by
// every command, and the new one beside it is not.
func TestRuleOfRenamedTeam(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.command("desk", "add", "support", "--kind", "builtin", "--hand-over", "round_robin")
		d, err := b.sys.Core.Settings.Desk(t.Context(), "support")
		if err != nil {
			t.Fatal(err)
		}
		team, err := b.sys.Builtin.AddTeam(t.Context(), d.ID, "Choir")
		if err != nil {
			t.Fatal(err)
		}
		b.command("rule", "add", "--connection", "acme", "--desk", "support", "--group", "A", "--role", "agent", "--team", "Choir")
		id := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
		okta.group(t, "A", id)
		b.synced()
		for _, name := range []string{"Choir", "Chorus"} {
			seen := []deskhealth.Unit{{Kind: provision.UnitTeam, ID: team, Name: name}}
			if _, err := b.sys.Core.DeskHealth.RecognizeUnits(t.Context(), d.ID, seen); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.sys.Store.DB().ExecContext(t.Context(), `UPDATE builtin_teams SET name = 'Chorus', name_folded = 'chorus' WHERE name = 'Choir'`); err != nil {
			t.Fatal(err)
		}
		report := commandJSON[server.DeskReport](b, "desk", "check", "support")
		if !report.OK || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], `write "Chorus"`) {
			t.Errorf("the desk is checked: %+v", report)
		}
		b.command("rule", "add", "--connection", "acme", "--desk", "support", "--group", "B", "--team", "Choir")
		if out := b.fails(t, 1, "rule", "add", "--connection", "acme", "--desk", "support", "--group", "C", "--team", "Chorus"); !strings.Contains(out, "by two names") {
			t.Errorf("by the new name beside the old one: %s", out)
		}
		if out, _ := b.try("explain", "ada@acme.example", "--team", "Choir"); strings.Contains(out, "no team") {
			t.Errorf("who is in it: %s", out)
		}
	}, "DESKBRIDGE_SWEEP=off")
}
