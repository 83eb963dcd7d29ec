package main

import (
	"io"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/forget"
	"github.com/deskbridge/deskbridge/provision"
)

// TestForget has somebody come, leave and be forgotten beside a running server.
func TestForget(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply(`
desks: [{name: support, kind: builtin, settings: {teams: A, mailboxes: Help}}]
rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [A]}]`)
		ann := okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ann@acme.example",
			"name": map[string]any{"givenName": "Ann", "familyName": "Lovelace"}, "emails": []map[string]any{{"value": "ann@acme.example", "primary": true}}})
		okta.group(t, "Support", ann)
		b.synced()

		refused := func(want string, args ...string) {
			t.Helper()
			out, err := b.try(append([]string{"forget"}, args...)...)
			if err == nil || !strings.Contains(out+err.Error(), want) {
				t.Errorf("forget %v: %q, %v; want %q", args, out, err, want)
			}
		}
		refused("First: this person is active; have the identity provider remove them", "ann@acme.example")
		refused("have it remove them, else it makes them again", "ann@acme.example", "--remove")
		okta.mustDo(t, "DELETE", "/Users/"+ann, nil, 204)
		b.eventually("nothing stands in the way", func() bool {
			dry := b.command("forget", "ann@acme.example", "--dry-run")
			if !strings.Contains(dry, "Would be erased of "+ann) || !strings.Contains(dry, "what desk support itself knows of its user ") {
				t.Fatalf("dry run:\n%s", dry)
			}
			return !strings.Contains(dry, "First:")
		})
		typed := func(word string) error { // at a terminal
			cmd := forget.Command(&command.App{Environ: b.environ, Stdin: strings.NewReader(word + "\n"), Terminal: func() bool { return true }, Stdout: io.Discard, Stderr: io.Discard})
			cmd.SetArgs([]string{"ann@acme.example"})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			return cmd.ExecuteContext(t.Context())
		}
		if err := typed("no"); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("at a terminal, without the word: %v", err)
		}
		report := commandJSON[forget.Report](b, "forget", "ann@acme.example")
		if !report.Erased || report.ID != ann || len(report.Accounts) != 1 || report.Accounts[0].Desk != "support" || report.Addresses != 1 {
			t.Errorf("report %+v", report)
		}
		refused("nobody has the id", "ann@acme.example")
		if again := b.command("forget", ann); !strings.Contains(again, "is forgotten: only the id is known") {
			t.Errorf("forgotten once more: %s", again)
		}
		if out := b.command("audit", "verify"); strings.Contains(out, "changed") {
			t.Errorf("the audit log: %s", out)
		}
		last := b.entries(ann)
		if got := actions(last); got[len(got)-1] != "person.forgotten" || !strings.HasPrefix(last[len(last)-1].Cause.Actor, "cli:") {
			t.Errorf("audit log: %v", got)
		}
		text := b.command("audit", "export", "--person", ann, "--format", "text")
		if strings.Contains(text, "ann@") || strings.Contains(text, "Lovelace") || !strings.Contains(text, "erased all that was known of") {
			t.Errorf("export:\n%s", text)
		}
		if out := b.command("explain", ann); !strings.HasPrefix(out, "forgotten · connection acme · removed") {
			t.Errorf("explain:\n%s", out)
		}

		// An address that several had means nobody until one is chosen.
		for range 2 {
			id := okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "bo@acme.example"})
			okta.mustDo(t, "DELETE", "/Users/"+id, nil, 204)
		}
		refused("2 people are or were called that", "bo@acme.example")
	})
}

// TestForgetSignInOnly: whom no identity provider will remove, an admin removes.
func TestForgetSignInOnly(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		b.connect("acme")
		conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		visitor, _, err := b.sys.Core.Directory.CreateIdentity(t.Context(), conn.ID, provision.Cause{Actor: "sso:oidc", Action: "sign-in"},
			provision.Identity{UserName: "vi@acme.example", Source: provision.SourceSignIn, Status: provision.StatusActive})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := b.try("forget", "vi@acme.example"); err == nil || !strings.Contains(out, "deskbridge forget --remove "+string(visitor.ID)) {
			t.Errorf("%q, %v", out, err)
		}
		if out := b.command("forget", "--remove", "vi@acme.example"); !strings.Contains(out, "Erased of "+string(visitor.ID)) {
			t.Error(out)
		}
	})
}
