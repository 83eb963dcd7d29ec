package main

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/secondadmin"
)

// TestASecondAdmin: at the command line, too, what takes access from many waits until somebody
// else gives the same command, which is shown to them.
func TestASecondAdmin(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SECOND_ADMIN=on", "DESKBRIDGE_BRAKE_PEOPLE=1", "DESKBRIDGE_BRAKE_PERCENT=1")
	okta := b.connect("acme")
	b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=Tier 1")
	b.command("rule", "add", "--connection", "acme", "--group", "Support", "--desk", "support", "--role", "agent")
	var people []string
	for _, name := range []string{"p1@acme.example", "p2@acme.example", "p3@acme.example"} {
		people = append(people, okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "active": true}))
	}
	support := okta.group(t, "Support", people...)
	b.synced()
	as := func(who string) {
		t.Helper()
		t.Setenv("SUDO_USER", who)
	}
	waits := func(args ...string) {
		t.Helper()
		if out, problems, status := b.beside(args...); status != exitFailed || !strings.Contains(problems, "waits for a second admin") {
			t.Errorf("%s: %d %s%s", args, status, out, problems)
		}
	}
	one := func(yours bool) secondadmin.Line {
		t.Helper()
		lines := commandJSON[[]secondadmin.Line](b, "second-admin", "list")
		if len(lines) != 1 || lines[0].Yours != yours {
			t.Fatalf("what waits: %+v", lines)
		}
		return lines[0]
	}

	as("ada")
	waits("desk", "remove", "support", "--yes")
	if l := one(true); l.Same != "deskbridge desk remove support" || l.Accounts != 3 {
		t.Errorf("a removal: %+v", l)
	}
	if said := b.command("status"); !strings.Contains(said, "To remove desk support, by which 3 accounts lose access waits for a second admin") || strings.Contains(said, "Nothing needs attention") {
		t.Errorf("status: %s", said)
	}
	if said := b.command("second-admin", "list"); !strings.Contains(said, "another admin: deskbridge desk remove support") {
		t.Errorf("the list: %s", said)
	}
	as("bob")
	if said := b.command("second-admin", "withdraw", one(false).ID[24:]); !strings.Contains(said, "Withdrawn: to remove desk support") {
		t.Errorf("withdrawn: %s", said)
	}
	if _, problems, status := b.beside("second-admin", "withdraw", "00000000"); status == 0 {
		t.Errorf("nothing was withdrawn: %s", problems)
	}

	okta.mustPatch(t, "/Groups/"+support, map[string]any{"op": "remove", "path": "members"})
	b.eventually("they are on hold", func() bool { return strings.Contains(b.command("status"), "release acme --all") })
	as("ada")
	b.eventually("the request is about all", func() bool {
		waits("connection", "release", "acme", "--all")
		return one(true).Accounts == 3
	})
	as("bob")
	same := one(false).Same
	if same != "deskbridge connection release acme --all" {
		t.Errorf("the same: %s", same)
	}
	if said := b.command(strings.Fields(same)[1:]...); !strings.Contains(said, "Released: access ends for 3 accounts") {
		t.Errorf("released: %s", said)
	}
	b.synced()
	if lines := commandJSON[[]secondadmin.Line](b, "second-admin", "list"); len(lines) != 0 {
		t.Errorf("still waits: %+v", lines)
	}
}
