package main

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/task"
)

// TestTasks has an admin work for a desk without an API: everything is asked for, and
// so only what was said is shown as theirs.
func TestTasks(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	okta := b.connect("acme")
	b.apply("desks: [{name: phone, kind: manual, url: 'https://phone.example.test/users', settings: {leaver: tell the switchboard}}]\n" +
		"rules: [{connection: acme, group: Support, desk: phone, role: agent, teams: [Hotline]}]\n")
	if out := b.command("task", "list"); out != "Nothing has to be done by hand.\n" {
		t.Error(out)
	}
	ids := make([]string, 2)
	for i, name := range []string{"Ada", "Bob"} {
		ids[i] = okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: name, Family: "Byron", Mail: strings.ToLower(name) + "@acme.example"}))
	}
	okta.group(t, "Support", ids...)
	b.synced()
	list := func() []task.Line { return commandJSON[[]task.Line](b, "task", "list", "--desk", "phone") }
	first := list()
	if len(first) != 2 || first[0].Address != "ada@acme.example" || first[0].Name == "" || !strings.Contains(first[0].Do, `role agent, teams "Hotline" (https://phone.example.test/users)`) {
		t.Fatalf("tasks are %+v", first)
	}
	if out := b.command("task", "done", first[0].ID, "--by", "Grace Hopper"); !strings.HasPrefix(out, "Noted as the word of Grace Hopper;") {
		t.Error(out)
	}
	b.synced()
	if _, err := b.try("task", "done", first[0].ID); err == nil || !strings.Contains(err.Error(), "there is no task") {
		t.Errorf("a task that is done is done again: %v", err)
	}
	if e := commandJSON[[]explain.Person](b, "explain", "ada@acme.example")[0]; e.Desks[0].State != "ready" {
		t.Errorf("explain: %+v", e.Desks)
	}

	okta.mustPatch(t, "/Users/"+ids[0], setActive(false)) // ada leaves, and comes before bob who joins
	b.synced()
	if _, err := b.try("task", "done", first[1].ID[:8]+"-99"); err == nil || !strings.Contains(err.Error(), "has changed since") {
		t.Errorf("a task that is another one: %v", err)
	}
	now := list()
	if len(now) != 2 || now[0].Address != "ada@acme.example" || now[0].Leaving == nil || now[1].Leaving != nil || !strings.Contains(now[0].Do, "tell the switchboard") {
		t.Fatalf("tasks are %+v", now)
	}
	if out := b.command("task", "list"); !strings.Contains(out, "LEAVING SINCE") || strings.Index(out, "ada@acme.example") > strings.Index(out, "bob@acme.example") {
		t.Error(out)
	}
	b.command("task", "done", now[0].ID)
	b.synced()
	if e := commandJSON[[]explain.Person](b, "explain", "ada@acme.example")[0]; e.Desks[0].State != "ended" {
		t.Errorf("explain: %+v", e.Desks)
	}
	told := b.command("audit", "export", "--format", "text")
	for _, words := range []string{"said that what was to be done by hand for", "Grace Hopper"} {
		if !strings.Contains(told, words) {
			t.Errorf("the audit log says nothing of %q:\n%s", words, told)
		}
	}
}
