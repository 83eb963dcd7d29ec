package handover_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision/handover"
)

func rules(pairs ...any) map[string]handover.Rule {
	out := make(map[string]handover.Rule)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1].(handover.Rule)
	}
	return out
}

func TestValidate(t *testing.T) {
	many := make(map[string]handover.Rule)
	for i := range 501 {
		many[strings.Repeat("m", i+1)] = handover.Rule{To: handover.Manager}
	}
	bob := handover.Rule{Agent: "bob@example.test"}
	for _, tt := range []struct {
		name   string
		policy handover.Policy
		want   []string // "field: part of the detail"
	}{
		{"nothing", handover.Policy{}, nil},
		{"a word", handover.Policy{To: handover.RoundRobin, Cap: 10_000}, nil},
		{"a team by name", handover.Policy{Team: "Billing"}, nil},
		{"mailboxes", handover.Policy{To: handover.Manager, Mailboxes: rules("Billing", handover.Rule{Team: "Billing"}, "Sales", bob, "Help", handover.Rule{To: handover.Unassign})}, nil},
		{"an unknown word", handover.Policy{To: "anybody"}, []string{"hand_over.to: unknown hand_over \"anybody\""}},
		{"two at once", handover.Policy{Agent: "bob@example.test", Team: "Billing"}, []string{"hand_over: give one of agent, team and to"}},
		{"a cap below nothing", handover.Policy{Cap: -1}, []string{"hand_over.cap: from 1 to 10000"}},
		{"a cap above all", handover.Policy{Cap: 10_001}, []string{"hand_over.cap: from 1 to 10000"}},
		{"a mailbox with two", handover.Policy{Mailboxes: rules("Billing", handover.Rule{Agent: "bob@example.test", To: handover.Manager})}, []string{"hand_over.mailboxes: mailbox \"Billing\": give one of"}},
		{"a mailbox with an unknown word", handover.Policy{Mailboxes: rules("Billing", handover.Rule{To: "x"})}, []string{"hand_over.mailboxes: mailbox \"Billing\": unknown hand_over \"x\""}},
		{"a mailbox with nobody", handover.Policy{Mailboxes: rules("Billing", handover.Rule{})}, []string{"hand_over.mailboxes: mailbox \"Billing\": the rule says nobody"}},
		{"one mailbox twice", handover.Policy{Mailboxes: rules("BILLING", bob, "billing", bob)}, []string{"hand_over.mailboxes: mailbox \"billing\": there is a rule for \"BILLING\""}},
		{"a mailbox without a name", handover.Policy{Mailboxes: rules(" ", bob, "", bob)}, []string{"hand_over.mailboxes: give the name of a mailbox", "hand_over.mailboxes: a rule has no mailbox"}},
		{"more mailboxes than anybody has", handover.Policy{Mailboxes: many}, []string{"hand_over.mailboxes: rules for 501 mailboxes, of at most 500"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.policy.Validate(strings.ToLower)
			if len(got) != len(tt.want) {
				t.Fatalf("mistakes %v, want %q", got, tt.want)
			}
			for i, want := range tt.want {
				field, detail, _ := strings.Cut(want, ": ")
				if got[i].Field != field || !strings.Contains(got[i].Detail, detail) {
					t.Errorf("mistake %+v, want %q", got[i], want)
				}
			}
		})
	}
}

func TestPolicyIsComparedAndFound(t *testing.T) {
	bob, team := handover.Rule{Agent: "bob@example.test"}, handover.Rule{Team: "Billing"}
	p := handover.Policy{To: handover.Manager, Cap: 40, Mailboxes: rules("Billing", team, "Sales", bob)}
	for name, other := range map[string]handover.Policy{
		"another word":          {To: handover.OwnTeam, Cap: 40, Mailboxes: p.Mailboxes},
		"another cap":           {To: handover.Manager, Cap: 41, Mailboxes: p.Mailboxes},
		"no mailboxes":          {To: handover.Manager, Cap: 40},
		"another mailbox":       {To: handover.Manager, Cap: 40, Mailboxes: rules("Billing", team, "Help", bob)},
		"another rule of one":   {To: handover.Manager, Cap: 40, Mailboxes: rules("Billing", bob, "Sales", bob)},
		"an agent in its place": {Agent: "manager", Cap: 40, Mailboxes: p.Mailboxes},
	} {
		if p.Equal(other) || other.Equal(p) {
			t.Errorf("%s makes no difference", name)
		}
	}
	if !p.Equal(handover.Policy{To: handover.Manager, Cap: 40, Mailboxes: rules("Sales", bob, "Billing", team)}) {
		t.Error("the same is another")
	}
	for mailbox, want := range map[string]handover.Rule{"": p.General(), "Help": p.General(), "billing": team, "SALES": bob} {
		of, got := p.Of(mailbox, strings.ToLower)
		if got != want || (of == "") != (want == p.General()) {
			t.Errorf("Of(%q) = %q, %v, want %v", mailbox, of, got, want)
		}
	}
	if got, want := p.String(), "manager, at most 40 each; Billing: team Billing; Sales: bob@example.test"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"Billing"}, p.Teams()); diff != "" {
		t.Errorf("Teams (-want +got):\n%s", diff)
	}
	for _, r := range []handover.Rule{bob, team, {To: handover.Manager}} {
		if got := handover.ReadRule(r.String()); got != r {
			t.Errorf("ReadRule(%q) = %+v, want %+v", r, got, r)
		}
	}
	if got := handover.ReadRule(""); got != (handover.Rule{}) || got.String() != "unassign" {
		t.Errorf("nothing said is %+v, %s", got, got)
	}
}

func TestCounts(t *testing.T) {
	var c handover.Counts
	if !c.Left(nil) || c.String() != "" || handover.Progress(0, 0, c) != "" {
		t.Errorf("of nothing: %q", handover.Progress(0, 0, c))
	}
	begun := c.Leaving(map[string]int{"Billing": 3, "Sales": 1})
	if c.Left(map[string]int{"Billing": 3}) || !begun.Left(map[string]int{"Billing": 3, "Sales": 1}) {
		t.Errorf("begun: %v", begun)
	}
	moved := begun.Moved("Billing", false).Moved("Billing", true).Moved("Help", false).Moved("", true)
	if diff := cmp.Diff(handover.Counts{"Billing": {Before: 3, Left: 3}, "Sales": {Before: 1, Left: 1}}, begun); diff != "" {
		t.Errorf("counts that were shared have changed:\n%s", diff)
	}
	now := moved.Leaving(map[string]int{"Billing": 2}) // one more came in, and that of Sales is closed
	want := handover.Counts{"Billing": {Before: 4, Moved: 2, ToQueue: 1, Left: 2}, "Sales": {Before: 1}, "Help": {Before: 1, Moved: 1}}
	if diff := cmp.Diff(want, now); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if got, want := handover.Progress(3, 6, now), "3 of 6 conversations are handed over (Billing 2 of 4, Help 1 of 1, Sales 0 of 1)"; got != want {
		t.Errorf("Progress = %q, want %q", got, want)
	}
	if diff := cmp.Diff(map[string]any{"before": 4, "moved": 2, "to_queue": 1, "left": 2}, now.In(map[string]any{})["mailboxes"].(map[string]any)["Billing"]); diff != "" {
		t.Errorf("In (-want +got):\n%s", diff)
	}
}
