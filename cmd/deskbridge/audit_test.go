package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// pushed adds a connection by command, and a person to it.
func pushed(b *bridge, name string) provision.Identity {
	b.t.Helper()
	b.command("connection", "add", "acme")
	conn, err := b.sys.Core.Settings.Connection(b.t.Context(), "acme")
	if err != nil {
		b.t.Fatal(err)
	}
	id, _, err := b.sys.Core.Directory.CreateIdentity(b.t.Context(), conn.ID, provision.Cause{Actor: "scim:okta", Action: "POST /Users"},
		provision.Identity{UserName: "ann@acme.example", Status: provision.StatusActive, Profile: provision.Profile{DisplayName: name, Email: "ann@acme.example"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// sealed waits until everything is sealed, and returns the report. The block that
// seals the last entries may come while the ones before it are verified: a report
// that ends with these says nothing of it, and the next one does.
func sealed(b *bridge) (r audit.Report) {
	b.t.Helper()
	b.eventually("everything is sealed and verified", func() bool {
		before := r
		r = commandJSON[audit.Report](b, "audit", "verify", "--json")
		return r.Unsealed == 0 && before.Unsealed == 0 && r.Last() == before.Last()
	})
	return r
}

// TestAuditExport reads the log as an auditor does.
func TestAuditExport(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		ann := pushed(b, "=HYPERLINK(\"x\")\x1b[8mAnn")
		before := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		report := sealed(b)

		text := b.command("audit", "export", "--person", "ann@acme.example", "--format", "text")
		want := regexp.MustCompile(`^\S+ \S+Z  #\d+  okta \(SCIM\) added the person =HYPERLINK\("x"\)\\x1b\[8mAnn <ann@acme.example> \[` + string(ann.ID) + `\].* \(POST /Users\)\n\S+ \S+Z  1 entries; head of the log \d+:[0-9a-f]{64}\n$`)
		if !want.MatchString(text) {
			t.Errorf("text:\n%q", text)
		}

		rows, err := csv.NewReader(strings.NewReader(b.command("audit", "export", "--subject", string(ann.ID), "--action", "user.created,user.removed", "--format", "csv"))).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][6] != `'=HYPERLINK("x")\x1b[8mAnn <ann@acme.example>` || !strings.HasPrefix(rows[2][2], "end of the export; head of the log ") {
			t.Errorf("csv %q, %v", rows, err)
		}

		actor := "cli:"
		if u, err := user.Current(); err == nil {
			actor += u.Username
		}
		host, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		added := b.entries("")[0]
		if added.Action != audit.ConnectionCreated || !strings.HasPrefix(added.Cause.Actor, actor) || !strings.HasSuffix(added.Cause.Actor, "@"+host) {
			t.Errorf("a command is by %q, want %s…@%s", added.Cause.Actor, actor, host)
		}

		for _, tt := range []struct {
			args string
			want bool
		}{{"--since " + before, true}, {"--until " + before, false}, {"--since 1h", true}, {"--since 2d --action user.created", true}, {"--action user.removed", false}, {"--until 1h", false}} {
			lines := strings.Split(strings.TrimSpace(b.command(append([]string{"audit", "export"}, strings.Fields(tt.args)...)...)), "\n")
			var last struct {
				Head    string
				Entries int
				Only    map[string]any
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Entries != len(lines)-1 || (last.Entries > 0) != tt.want || last.Only == nil || last.Head != report.Last() {
				t.Errorf("%s: %+v, %v, verified %+v; of\n%s", tt.args, last, err, report, strings.Join(lines, "\n"))
			}
		}
		for _, args := range []string{"--format xml", "--since tomorrow", "--until 5x", "--action user.suspnded", "--person a --subject b"} {
			if _, err := b.try(append([]string{"audit", "export"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), "exit status 2") {
				t.Errorf("%s: %v", args, err)
			}
		}
		if _, err := b.try("audit", "export", "--person", "nobody@acme.example"); err == nil {
			t.Error("nobody was found")
		}
	})
}

// TestAuditIsVerifiedElsewhere runs the program that docs/audit.md prints.
func TestAuditIsVerifiedElsewhere(t *testing.T) {
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(page), "```python\n")
	program, _, found := strings.Cut(program, "```")
	if !found {
		t.Fatal("docs/audit.md has no program")
	}
	file := filepath.Join(t.TempDir(), "verify.py")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := func(export string) (string, error) {
		cmd := exec.Command("python3", file)
		cmd.Stdin = strings.NewReader(export)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
	eachBridge(t, func(t *testing.T, b *bridge) {
		pushed(b, "Ann <&>")
		b.command("connection", "add", "other")
		report := sealed(b)
		export := b.command("audit", "export")
		if said, err := verify(export); err != nil || said != report.Last()+" 0 not sealed\n" {
			t.Errorf("it says %q, %v; want %s", said, err, report.Last())
		}
		if !strings.Contains(export, `{"head":"`+report.Last()+`"`) {
			t.Errorf("no head in\n%s", export)
		}
		lines := strings.SplitAfter(export, "\n")
		if said, err := verify(strings.Join(lines[1:], "")); err == nil {
			t.Errorf("without the first entry it says %s", said)
		}
		if said, err := verify(strings.Replace(export, "POST /Users", "PUT /Users", 1)); err == nil || !strings.Contains(said, "does not fit the chain") {
			t.Errorf("with one changed it says %s", said)
		}
	})
}

// TestTamperedAuditByCommand cuts the log off while the server runs.
func TestTamperedAuditByCommand(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		pushed(b, "Ann")
		kept := sealed(b).Last()
		b.command("audit", "verify", "--since", kept)
		if _, err := b.try("audit", "verify", "--since", "12"); err == nil || !strings.Contains(err.Error(), "exit status 2") {
			t.Errorf("no head: %v", err)
		}
		if _, err := b.try("audit", "verify", "--since", strings.Replace(kept, ":", "9:", 1)); err == nil || !strings.Contains(err.Error(), "is not in the log") {
			t.Errorf("a head that is not there: %v", err)
		}
		drop := []string{`DROP TRIGGER audit_delete`, `DROP TRIGGER audit_blocks_delete`}
		if b.sys.Store.Dialect() == "postgres" {
			drop = []string{`DROP TRIGGER audit_rows ON audit`, `DROP TRIGGER audit_blocks_rows ON audit_blocks`}
		}
		for _, statement := range append(drop, `DELETE FROM audit_blocks WHERE number = (SELECT max(number) FROM audit_blocks)`, `DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)`) {
			if _, err := b.sys.Store.DB().ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		out, err := b.try("audit", "verify")
		if err == nil || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(out, "✗") || !strings.Contains(out, "removed from the end") || !strings.Contains(out, "does not guard the log") {
			t.Errorf("verify says %v\n%s", err, out)
		}
		out, err = b.try("audit", "verify", "--json", "--since", kept)
		var report audit.Report
		if broken := json.Unmarshal([]byte(out), &report); err == nil || broken != nil || len(report.Problems) < 3 {
			t.Errorf("--json: %v, %v, %s", err, broken, out)
		}
	})
}
