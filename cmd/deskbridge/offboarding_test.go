package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	offboardingcmd "github.com/deskbridge/deskbridge/cmd/deskbridge/offboarding"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/provision/offboarding"
)

// TestOffboarding has somebody leave by SCIM, and shows it to an auditor.
func TestOffboarding(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply(`
desks: [{name: support, kind: builtin, settings: {teams: A, mailboxes: Help}}]
rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [A]}]`)
		ann := okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ann@acme.example",
			"name": map[string]any{"givenName": "Ann", "familyName": "<b>Lovelace</b>"}})
		okta.group(t, "Support", ann)
		b.synced()
		if out, err := b.try("offboarding", "show", "ann@acme.example"); err == nil || !strings.Contains(out+err.Error(), "has not left") {
			t.Errorf("before: %s %v", out, err)
		}
		if out := b.command("offboarding", "list"); strings.Contains(out, "ann@") {
			t.Errorf("before: %s", out)
		}
		okta.mustDo(t, "PATCH", "/Users/"+ann, map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
			"Operations": []map[string]any{{"op": "replace", "path": "active", "value": false}}}, 200)
		b.synced()

		shown := b.command("offboarding", "show", "ann@acme.example")
		for _, want := range []string{"Offboarding record 1 of 1: Ann <b>Lovelace</b> <ann@acme.example>, closed", "suspended (active: false), by scim:", "(PATCH /Users, request ", "after the signal, on the last of 1 desk",
			"read back: the user is deactivated", "freed", "deskbridge desk app list"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the record does not say %q:\n%s", want, shown)
			}
		}
		if out := b.command("explain", "ann@acme.example"); !strings.Contains(out, "offboarding record: deskbridge offboarding show "+ann) {
			t.Errorf("explain:\n%s", out)
		}
		list := commandJSON[struct {
			Records []offboardingcmd.Line
		}](b, "offboarding", "list", "--since", "1d")
		if len(list.Records) != 1 || list.Records[0].Status != offboarding.Closed || list.Records[0].ToNoAccess == nil || list.Records[0].Desks[0].Outcome != offboarding.Out {
			t.Errorf("list: %+v", list)
		}
		if out := b.command("offboarding", "list", "--open"); strings.Contains(out, "ann@") {
			t.Errorf("open: %s", out)
		}
		times := commandJSON[status.Overview](b, "status").Times
		if len(times) != 4 || times[0].Days != 7 || times[0].Endings != 1 || times[0].P95 <= 0 || times[1].Desk != "support" {
			t.Errorf("status: %+v", times)
		}
		if out := b.command("status"); !strings.Contains(out, "TIME TO NO ACCESS") {
			t.Errorf("status:\n%s", out)
		}
		if _, _, body := b.get("/metrics"); !strings.Contains(body, `deskbridge_time_to_no_access_seconds_count{desk="support",window="7d"} 1`) ||
			!strings.Contains(body, `deskbridge_time_to_no_access_seconds{desk="",window="30d",quantile="0.95"} `) {
			t.Errorf("metrics do not tell of it")
		}

		dir := t.TempDir()
		keep := func(name, text string) string {
			t.Helper()
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return file
		}
		kept := b.command("offboarding", "show", ann, "--json")
		file := keep("ann.json", kept)
		if out := b.command("offboarding", "verify", file); !strings.Contains(out, "is as it was signed") || !strings.Contains(out, "The audit log is whole") {
			t.Errorf("verify: %s", out)
		}
		certificate := keep("deskbridge.pem", b.command("offboarding", "certificate"))
		elsewhere := b.environ
		b.environ = []string{"DESKBRIDGE_DATA_DIR=" + filepath.Join(dir, "none")}
		if out := b.command("offboarding", "verify", file, "--certificate", certificate); !strings.Contains(out, "is as it was signed") || !strings.Contains(out, "audit verify --since") {
			t.Errorf("elsewhere: %s", out)
		}
		for name, changed := range map[string]string{"name": strings.Replace(kept, "Ann ", "Bob ", 1), "time": strings.Replace(kept, `"no_access_at": "20`, `"no_access_at": "19`, 1), "blank": " " + kept} {
			if out, err := b.try("offboarding", "verify", keep("changed.json", changed), "--certificate", certificate); err == nil {
				t.Errorf("%s changed: %s", name, out)
			}
		}
		b.environ = elsewhere

		page := filepath.Join(dir, "ann.html")
		b.command("offboarding", "show", ann, "--html", page)
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Ann &lt;b&gt;Lovelace&lt;/b&gt;", "size: A4", "Content-Security-Policy", "after the signal", "deskbridge offboarding verify"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the page has no %q", want)
			}
		}
		for _, never := range []string{"<script", "http://", "https://", "src=", "<b>Lovelace"} {
			if strings.Contains(string(text), never) {
				t.Errorf("the page has %q", never)
			}
		}
	})
}
