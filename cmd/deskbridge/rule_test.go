package main

import (
	"strings"
	"testing"
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
