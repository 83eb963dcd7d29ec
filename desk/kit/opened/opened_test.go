package opened

import (
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
)

func TestParse(t *testing.T) {
	all, ok := Parse("Support Agents: Support, Returns, Support; Billing Agents: Billing;", strings.ToLower)
	if !ok || !slices.Equal(all.Of("support agents", strings.ToLower), []string{"Returns", "Support"}) || all.Of("Sales", strings.ToLower) != nil {
		t.Errorf("%v, %v", all, ok)
	}
	for _, text := range []string{"Agents", "Agents: A; agents: B", "Agents: A,", ": A", "Agents:"} {
		if _, ok := Parse(text, strings.ToLower); ok {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestCheck(t *testing.T) {
	all, _ := Parse("Support: Mail, Chat; Sales: Mail", strings.ToLower)
	p := desk.Profile{Mailboxes: []string{"mail"}}
	all.Check(&p, strings.ToLower, "team_queues", "Desk", [2]string{"group", "queue"}, []string{"SUPPORT"})
	if want := []string{
		`the setting team_queues names the queue "Chat", which Desk does not show; correct the setting`,
		`the setting team_queues names the group "Sales", which Desk does not show; correct the setting`,
	}; !slices.Equal(p.Problems, want) {
		t.Errorf("%q, want %q", p.Problems, want)
	}
}
