package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/step"
)

// deskUser is the id of a desk user, which goes by who was made first.
var deskUser = regexp.MustCompile(`(support +|desk user )\d+`)

// TestStepsToCome has two people leave a desk that deletes them later: each command that
// is about them says so.
func TestStepsToCome(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	okta := b.connect("acme")
	access := func(policy string) string {
		return "desks: [{name: support, kind: builtin, on_leave: [" + policy + "], approve: deletes, settings: {teams: A}}]\nrules: [{connection: acme, group: Support, desk: support, role: agent, teams: [A]}]\n"
	}
	b.apply(access("deactivate, delete after 30d"))
	if out := b.command("step", "list"); out != "No step of on_leave is to come.\n" {
		t.Error(out)
	}
	ids := make([]string, 3)
	for i, name := range []string{"Ada", "Bob", "Cid"} {
		ids[i] = okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: name, Family: "Byron", Mail: strings.ToLower(name) + "@acme.example"}))
	}
	okta.group(t, "Support", ids...)
	b.synced()
	if out := b.command("status"); strings.Contains(out, "to come") {
		t.Errorf("before anybody has left:\n%s", out)
	}
	for _, id := range ids[:2] {
		okta.mustPatch(t, "/Users/"+id, setActive(false))
		b.synced()
	}

	golden(t, "steps", deskUser.ReplaceAllString(b.command("step", "list"), "${1}N"))
	lines := commandJSON[struct {
		Steps []step.Line
		Next  string
	}](b, "step", "list", "--desk", "support", "--limit", "1")
	if len(lines.Steps) != 1 || lines.Next == "" || lines.Steps[0].Address != "ada@acme.example" || lines.Steps[0].Step != "delete after 30d" || lines.Steps[0].Approval != "needed" || lines.Steps[0].Due.At == nil {
		t.Errorf("as JSON: %+v", lines)
	}
	rows, err := csv.NewReader(strings.NewReader(b.command("step", "list", "--csv"))).ReadAll()
	if err != nil || len(rows) != 3 || strings.Join(rows[0], ",") != "due,step,person,address,desk,desk_user,account,approval" || rows[2][3] != "bob@acme.example" {
		t.Errorf("as CSV: %v %v", rows, err)
	}
	if out, err := b.try("step", "list", "--desk", "nowhere"); err == nil {
		t.Error(out)
	}

	golden(t, "steps-explain", deskUser.ReplaceAllString(b.command("explain", "ada@acme.example"), "${1}N"))
	if one := commandJSON[[]explain.Person](b, "explain", "ada@acme.example")[0].Desks[0].Coming; one == nil || one.Step != "delete after 30d" || one.Approval != "needed" {
		t.Errorf("explain as JSON: %+v", one)
	}
	if out := b.command("person", "show", "ada@acme.example"); !strings.Contains(out, "to come      delete after 30d, due ") {
		t.Error(out)
	}
	out := b.command("status")
	if !regexp.MustCompile("Desk support has 2 steps of on_leave to come, the next on 20[^\n]+: `deskbridge step list --desk support`").MatchString(out) {
		t.Error(out)
	}
	if desk := commandJSON[status.Overview](b, "status").Desks[0]; desk.Steps == nil || desk.Steps.Count != 2 || desk.Steps.Next.At == nil {
		t.Errorf("status as JSON: %+v", desk.Steps)
	}

	record := b.command("offboarding", "show", "ada@acme.example")
	if !strings.Contains(record, "closed") || !regexp.MustCompile(`still to come  ?delete after 30d, due 20[^\n]+; an admin has to approve it then`).MatchString(record) {
		t.Error(record)
	}
	page := filepath.Join(t.TempDir(), "ada.html")
	b.command("offboarding", "show", "ada@acme.example", "--html", page)
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "<th>Still to come</th><td>delete after 30d, due ") {
		t.Errorf("the page to print: %v\n%s", err, text)
	}

	file := filepath.Join(t.TempDir(), "access.yaml")
	if err := os.WriteFile(file, []byte(access("deactivate, delete after 60d")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := b.command("plan", "-f", file); !strings.Contains(out, "2 people of whom a step is to come on support: it would be done later than was told") {
		t.Error(out)
	}
}
