package apply

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// TestLargePlansAreSummedUp: a plan for many people says first who becomes
// admin, and lists everybody on request. Names cannot move the cursor.
func TestLargePlansAreSummedUp(t *testing.T) {
	agent := provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"Tier 1"}}
	admin := provision.Access{Status: provision.AccessActive, Role: provision.RoleAdmin}
	p := plan.Plan{Hash: "h", Changes: []plan.Change{{Action: "add", Kind: "rule", Name: "roles → support"}}}
	for i := range 250 {
		p.People = append(p.People, plan.PersonChange{UserName: fmt.Sprintf("p%03d@acme.example", i), Desk: "support", After: agent})
	}
	p.People = append(p.People, plan.PersonChange{UserName: "mallory\x1b[2K", Desk: "support", Before: agent, After: admin})
	var short, long strings.Builder
	printed{Plan: p, losses: noLosses}.print(&short)
	printed{Plan: p, all: true, losses: noLosses}.print(&long)
	for _, part := range []string{
		"\nWould change for 251 people:\n  1 on support: agent, teams Tier 1 → admin (", "  250 on support: no access → agent, teams Tier 1 (p000@acme.example, p001@acme.example, p002@acme.example, …)\n",
		"`deskbridge plan --all` lists each of them.\n",
	} {
		if !strings.Contains(short.String(), part) {
			t.Errorf("the plan lacks %q:\n%s", part, short.String())
		}
	}
	if n := strings.Count(long.String(), " on support: "); n != 251 {
		t.Errorf("--all lists %d people", n)
	}
	if strings.ContainsRune(short.String()+long.String(), '\x1b') {
		t.Error("a name moves the cursor")
	}
}

// TestLossesBesideAHold: what is expected goes through beside what is on hold.
func TestLossesBesideAHold(t *testing.T) {
	l := plan.LossCount{Connection: "acme", People: 2, Of: 9, Limit: 5, Held: true, OnHold: true}
	p := plan.Plan{Consequences: plan.Consequences{Losses: []plan.LossCount{l}}}
	for _, tt := range []struct {
		said printed
		want string
	}{
		{printed{Plan: p, losses: noLosses}, "would be held: 2 of 9 people of acme would lose access, and mass-change protection holds people of it already; see to them first, as `deskbridge status` says, or expect it with --expect-losses 2"},
		{printed{Plan: p, losses: noLosses, applied: true}, "is held by mass-change protection, which holds people of it already: 2 of 9 people of acme will lose access; see to them as `deskbridge status` says"},
		{printed{Plan: p, losses: 2, applied: true}, "expected: 2 of 9 people of acme will lose access; mass-change protection lets them go"},
	} {
		if got := tt.said.held(l); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
