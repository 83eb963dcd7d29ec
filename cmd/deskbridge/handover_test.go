package main

import (
	"os"
	"strings"
	"testing"
)

// TestHandOverByMailboxAtEachDoor: a rule for a mailbox that the desk has not, or of a desk that
// does not tell in which mailbox a conversation is, is refused wherever it is written; what
// is taken is shown in one line, and by the export.
func TestHandOverByMailboxAtEachDoor(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		file := t.TempDir() + "/access.yaml"
		write := func(handOver, kind string) {
			t.Helper()
			yaml := "desks: [{name: d, kind: " + kind + ", hand_over: " + handOver + ", settings: {teams: 'Tier 1,Accounts', mailboxes: 'Billing,Help'}}]\n"
			if kind == "manual" {
				yaml = "desks: [{name: m, kind: manual, hand_over: " + handOver + "}]\n"
			}
			if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct{ handOver, kind, want string }{
			{"{to: manager, mailboxes: {Biling: {team: Accounts}}}", "builtin", `no mailbox "Biling"; it has Billing, Help; did you mean "Billing"?`},
			{"{to: manager, mailboxes: {Billing: {team: Acounts}}}", "builtin", `no team "Acounts"; it has Accounts, Tier 1; did you mean "Accounts"?`},
			{"{team: Acounts}", "builtin", `no team "Acounts"`},
			{"{mailboxes: {Billing: {team: Accounts, to: manager}}}", "builtin", "give one of agent, team and to"},
			{"{mailboxes: {Billing: {team: Accounts}}}", "manual", "does not tell in which mailbox a conversation is"},
		} {
			write(tt.handOver, tt.kind)
			for _, verb := range []string{"plan", "apply"} {
				if said := b.fails(t, 1, verb, "-f", file); !strings.Contains(said, tt.want) {
					t.Errorf("%s of %s: %s", verb, tt.handOver, said)
				}
			}
		}
		add := []string{"desk", "add", "x", "--kind", "builtin", "--setting", "mailboxes=Billing", "--setting", "teams=Accounts", "--hand-over", "manager"}
		if said := b.fails(t, 1, append(add, "--hand-over-of", "Biling=team Accounts")...); !strings.Contains(said, `did you mean "Billing"?`) {
			t.Errorf("desk add: %s", said)
		}
		b.fails(t, 2, append(add, "--hand-over-of", "Billing")...)
		b.command(append(add, "--hand-over-of", "Billing=team Accounts", "--hand-over-cap", "20")...)
		const line = "manager, at most 20 each; Billing: team Accounts"
		if got := b.command("desk", "show", "x"); !strings.Contains(got, line) {
			t.Errorf("desk show: %s", got)
		}
		if got := b.command("desk", "list"); !strings.Contains(got, line) {
			t.Errorf("desk list: %s", got)
		}

		write("{to: manager, cap: 20, mailboxes: {Billing: {team: Accounts}, Help: {agent: bo@acme.example}}}", "builtin")
		b.command("apply", "-f", file)
		if got := b.command("plan", "-f", file); !strings.Contains(got, "othing would change") && !strings.Contains(got, "o changes") && !strings.Contains(got, "othing to change") {
			t.Errorf("a second plan: %s", got)
		}
		if got := b.command("export"); !strings.Contains(got, "bo@acme.example") || !strings.Contains(got, "team: Accounts") {
			t.Errorf("export: %s", got)
		}
		write("{to: manager, cap: 20, mailboxes: {Billing: {team: Accounts}}}", "builtin")
		if got := b.command("plan", "-f", file); !strings.Contains(got, "hand_over") {
			t.Errorf("a plan that takes a rule away: %s", got)
		}
		if got := b.command("desk", "check", "d"); !strings.Contains(got, "bo@acme.example") {
			t.Errorf("desk check: %s", got)
		}
	})
}
