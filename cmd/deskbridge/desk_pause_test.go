package main

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/apitoken"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// TestADeskIsPaused pauses a desk by a command, and ends that by the admin API: who
// leaves meanwhile is named as still in, by every door.
func TestADeskIsPaused(t *testing.T) {
	b := newBridge(t)
	okta := b.connect("acme")
	b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=Tier 1")
	b.command("rule", "add", "--connection", "acme", "--group", "Support", "--desk", "support", "--role", "agent")
	var people []string
	for _, name := range []string{"ada@acme.example", "bo@acme.example"} {
		people = append(people, okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "active": true}))
	}
	okta.group(t, "Support", people...)
	b.synced()

	tomorrow := time.Now().UTC().Add(24 * time.Hour).Format(time.DateOnly)
	if _, problems, status := b.beside("desk", "pause", "support", "--until", "2020-01-01", "--reason", "late"); status != exitFailed || !strings.Contains(problems, "within the next 31 days") {
		t.Errorf("until long ago: %d %s", status, problems)
	}
	if out := b.command("desk", "pause", "support", "--until", tomorrow, "--reason", "moves to another server"); !strings.Contains(out, "is not called until "+tomorrow+" is over. 0 leavers are still in there.") {
		t.Errorf("paused: %s", out)
	}
	okta.mustPatch(t, "/Users/"+people[0], map[string]any{"op": "replace", "path": "active", "value": false})
	b.eventually("the leaver waits", func() bool { return strings.Contains(b.command("status"), "1 leaver is still in") })
	said := b.command("status")
	for _, want := range []string{"Desk support is paused by ", " until " + tomorrow, "moves to another server", "deskbridge desk resume support", "ada@acme.example"} {
		if !strings.Contains(said, want) {
			t.Errorf("status does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "Nothing needs attention") {
		t.Errorf("status: %s", said)
	}
	if _, problems, status := b.beside("desk", "sweep", "support"); status != exitFailed || !strings.Contains(problems, "and is not called") {
		t.Errorf("swept meanwhile: %d %s", status, problems)
	}
	b.eventually("explain says what is in the way", func() bool {
		return strings.Contains(b.command("explain", "ada@acme.example"), "support is paused by ")
	})

	// People read the name of an admin who signed in; programs get their id.
	tonight, err := provision.ParseUntil("until", tomorrow)
	if err != nil {
		t.Fatal(err)
	}
	support, err := b.sys.Core.Settings.Desk(t.Context(), "support")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.sys.Core.DeskHealth.PauseDesk(t.Context(), provision.Cause{Actor: "person:" + people[1], Action: "test"}, support.ID, tonight, "moves to another server"); err != nil {
		t.Fatal(err)
	}
	if said := b.command("status"); !strings.Contains(said, "Desk support is paused by bo@acme.example until") || strings.Contains(said, "person:") {
		t.Errorf("status: %s", said)
	}
	if said := b.command("status", "--json"); !strings.Contains(said, `"by": "person:`+people[1]+`"`) {
		t.Errorf("status --json: %s", said)
	}

	token := commandJSON[apitoken.Line](b, append([]string{"api-token", "add", "laptop", "owner"}, every()...)...).Token
	var one api.Desk
	b.askAPI(token, "GET", "/api/v1/desks/support", "", &one)
	if one.Pause == nil || one.Pause.By == "" || one.Pause.Reason != "moves to another server" || one.Leavers != 1 {
		t.Errorf("the admin API: %+v", one)
	}
	var anew api.Pause
	b.askAPI(token, "POST", "/api/v1/desks/support/pause", `{"until":"`+tomorrow+`","reason":"still moves"}`, &anew)
	if anew.By != "api:laptop" || !anew.Since.Equal(one.Pause.Since) {
		t.Errorf("paused anew: %+v, before %+v", anew, one.Pause)
	}
	if status, text := b.askAPI(token, "POST", "/api/v1/desks/support/resume", "", nil); status != 200 {
		t.Errorf("resumed: %d %s", status, text)
	}
	b.synced()
	if out := b.command("status"); strings.Contains(out, "still in") || strings.Contains(out, "paused") {
		t.Errorf("afterwards: %s", out)
	}
	if words := b.command("audit", "export", "--format", "text"); !strings.Contains(words, "paused the desk support") || !strings.Contains(words, "resumed the desk support") || strings.Contains(words, "moves") {
		t.Errorf("the audit log: %s", words)
	}
	e := b.elsewhere(token)
	if out := e.done("desk", "pause", "support", "--until", tomorrow, "--reason", "again"); !strings.Contains(out, "is not called") {
		t.Errorf("from elsewhere: %s", out)
	}
	if p := commandJSON[desk.Paused](b, "desk", "resume", "support"); p.Paused || p.Desk != "support" {
		t.Errorf("resumed: %+v", p)
	}
}
