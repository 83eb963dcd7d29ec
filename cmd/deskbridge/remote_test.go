package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/apitoken"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
)

// elsewhere is somebody's command line on another machine.
type elsewhere struct {
	*bridge
	environ []string
	typed   string    // "": nobody is there
	typing  io.Writer // of a login
}

func (b *bridge) elsewhere(token string) *elsewhere {
	return &elsewhere{bridge: b, environ: []string{"DESKBRIDGE_SERVER=" + b.url, "DESKBRIDGE_TOKEN=" + token, "XDG_CONFIG_HOME=" + b.t.TempDir()}}
}

// run returns what a command prints, and its exit status.
func (e *elsewhere) run(args ...string) (out, problems string, status int) {
	e.t.Helper()
	var o, p bytes.Buffer
	a := &command.App{Environ: e.environ, Stdout: &o, Stderr: &p, Stdin: strings.NewReader(e.typed), Terminal: func() bool { return e.typed != "" }}
	status = runWith(e.t.Context(), a, args)
	return o.String(), p.String(), status
}

// beside is run beside the database, without the line that says which that is.
func (b *bridge) beside(args ...string) (out, problems string, status int) {
	b.t.Helper()
	var o, p bytes.Buffer
	status = run(b.t.Context(), args, b.environ, &o, &p)
	lines := p.String()
	if strings.HasPrefix(lines, "deskbridge: database: ") {
		_, lines, _ = strings.Cut(lines, "\n")
	}
	return o.String(), lines, status
}

// done requires a command to succeed.
func (e *elsewhere) done(args ...string) string {
	e.t.Helper()
	out, problems, status := e.run(args...)
	if status != exitDone {
		e.t.Fatalf("deskbridge %s: exit status %d: %s", strings.Join(args, " "), status, problems)
	}
	return out
}

// every is the verbs of a token that may all that one can.
func every() (flags []string) {
	for _, r := range admin.Rules {
		if !r.BrowserOnly {
			flags = append(flags, "--may", string(r.Verb))
		}
	}
	return flags
}

// TestCommandsFromElsewhere asks a server for what commands beside its database say:
// it is the same, to the letter, and what they change is entered under the name of the
// token.
func TestCommandsFromElsewhere(t *testing.T) {
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
	token := commandJSON[apitoken.Line](b, append([]string{"api-token", "add", "laptop", "owner"}, every()...)...)
	e := b.elsewhere(token.Token)

	for _, args := range [][]string{
		{"person", "list"}, {"person", "list", "--limit", "1"}, {"person", "list", "--format", "csv"}, {"person", "show", "ada@acme.example"}, {"person", "history", "bo@acme.example"}, {"explain", "ada@acme.example", "--team", "Tier 9"},
		{"group", "list"}, {"group", "show", "Support"}, {"access", "list", "--desk", "support"}, {"offboarding", "list"},
		{"desk", "list"}, {"desk", "show", "support"}, {"desk", "check", "support"}, {"connection", "list"}, {"connection", "show", "acme"}, {"rule", "list"}, {"token", "list", "acme"},
		{"status"}, {"status", "--exit-code"}, {"task", "list"}, {"approval", "list"}, {"request", "list"}, {"session", "list"}, {"audit", "verify"}, {"audit", "export", "--action", "user.created,group.created", "--format", "csv"}, {"export"}, {"domain", "list"}, {"admin", "list"},
		// And what fails does so in the same words.
		{"person", "show", "nobody@acme.example"}, {"desk", "show", "supporter"}, {"person", "list", "--limit", "-1"}, {"group", "show", "Nothing"}, {"plan", "-f", "/nowhere/access.yaml"}, {"access", "list"},
	} {
		for _, form := range [][]string{nil, {"--json"}} {
			args := append(args, form...)
			wantOut, wantProblems, wantStatus := b.beside(args...)
			out, problems, status := e.run(args...)
			if countedAt.ReplaceAllString(out, "") != countedAt.ReplaceAllString(wantOut, "") || problems != wantProblems || status != wantStatus {
				t.Errorf("deskbridge %s\nsays elsewhere (%d):\n%s%s\nand beside the database (%d):\n%s%s", strings.Join(args, " "), status, out, problems, wantStatus, wantOut, wantProblems)
			}
		}
	}

	// What it changes.
	out := e.done("person", "block", "ada@acme.example", "--reason", "-left, today")
	if !strings.Contains(out, "ada@acme.example") || !strings.Contains(b.command("person", "show", "ada@acme.example"), "-left, today") {
		t.Errorf("blocked: %s", out)
	}
	if words := b.command("audit", "export", "--format", "text"); !strings.Contains(words, "laptop (admin API)") {
		t.Errorf("the audit log does not name the token: %s", words)
	}
	var said api.Page[api.Entry]
	b.askAPI(token.Token, "GET", "/api/v1/audit?action=person.blocked", "", &said)
	if len(said.Items) != 1 || said.Items[0].Actor != "api:laptop" || said.Items[0].Cause != "deskbridge person block" || said.Items[0].Request == "" {
		t.Errorf("entered: %+v", said.Items)
	}
	e.done("person", "unblock", "ada@acme.example")

	// A file with what it refers to, of this machine and this process.
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	write(t, secret, "of-a-file")
	file := filepath.Join(dir, "access.yaml")
	write(t, file, "connections:\n  - name: acme\n    idp: okta\n    oidc: {issuer: 'https://login.acme.example', client_id: bridge, client_secret: '${env:ACME_SECRET}${file:"+secret+"}'}\n")
	e.environ = append(e.environ, "ACME_SECRET=of-the-process-", "OTHER=never-sent")
	plan := e.done("plan", "-f", file)
	_, hash, _ := strings.Cut(plan, "--plan ")
	hash = strings.Fields(hash)[0]
	e.done("apply", "-f", file, "--plan", hash)
	if _, problems, status := e.run("apply", "-f", file, "--plan", hash); status != exitFailed || !strings.Contains(problems, "changed since this plan was made") {
		t.Errorf("the same plan again: %d %s", status, problems)
	}
	if conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme"); err != nil || conn.SignIn.OIDC == nil || conn.SignIn.OIDC.ClientSecret != "of-the-process-of-a-file" {
		t.Errorf("applied: %+v, %v", conn.SignIn.OIDC, err)
	}

	// What asks first.
	if _, problems, status := e.run("connection", "remove", "acme"); status != exitMisuse || !strings.Contains(problems, "--yes says that it is meant") {
		t.Errorf("a question to nobody: %d %s", status, problems)
	}
	e.typed = "other\n"
	if _, problems, status := e.run("connection", "remove", "acme"); status != exitFailed || !strings.HasSuffix(problems, "Type acme to go on: deskbridge: that was not typed, and nothing was changed\n") {
		t.Errorf("another word: %d %s", status, problems)
	}
	e.typed = "acme\n"
	out, problems, status := e.run("connection", "remove", "acme")
	if status != exitDone || strings.Count(problems, "Removing the connection acme") != 1 || strings.Count(problems, "Type acme") != 1 || !strings.HasPrefix(out, "Removed") {
		t.Errorf("removed: %d %s%s", status, out, problems)
	}

	// What does not run from elsewhere says so.
	for _, args := range [][]string{{"key", "list"}, {"serve"}, {"migrate"}, {"admin", "add", "safe"}} {
		if _, problems, status := e.run(args...); status != exitMisuse || !strings.Contains(problems, "beside") {
			t.Errorf("deskbridge %v: %d %s", args, status, problems)
		}
	}
	if _, problems, status := e.run("status", "--watch"); status != exitMisuse || !strings.Contains(problems, "--watch cannot be given with --server") {
		t.Errorf("watching: %d %s", status, problems)
	}
	if _, problems, status := e.run("api-token", "add", "more", "owner"); status != exitFailed || !strings.Contains(problems, "no token may make a token of the admin API") {
		t.Errorf("a token that makes tokens: %d %s", status, problems)
	}
	if log := b.log.String(); strings.Contains(log, token.Token) || strings.Contains(log, "of-the-process") || strings.Contains(log, "ada@acme.example") {
		t.Error("the log holds what was sent")
	}
	b.command("api-token", "revoke", "laptop")
	if out, problems, status := e.run("person", "list", "--json"); status != exitFailed || !strings.Contains(problems, "deskbridge login --server "+b.url) || !strings.HasPrefix(out, `{`) {
		t.Errorf("a token that was revoked: %d %s%s", status, out, problems)
	}
}

// countedAt is when the seats of a desk were counted: at each look.
var countedAt = regexp.MustCompile(`"counted_at": "[^"]*"`)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// askAPI asks the admin API.
func (b *bridge) askAPI(token, method, path, body string, into any) (status int, text string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			b.t.Fatalf("%s %s: %s", method, path, raw)
		}
	}
	return resp.StatusCode, string(raw)
}

// TestWhatAServerRunsForNobody sends what no command line of ours sends: another
// command than the address says, files and variables of the server, the flags that
// say where a command runs, and what the token is not for.
func TestWhatAServerRunsForNobody(t *testing.T) {
	b := newBridge(t)
	b.connect("acme")
	b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=Tier 1")
	all := commandJSON[apitoken.Line](b, append([]string{"api-token", "add", "all", "owner"}, every()...)...).Token
	usual := commandJSON[apitoken.Line](b, "api-token", "add", "usual", "admin").Token
	reads := commandJSON[apitoken.Line](b, "api-token", "add", "reads", "auditor").Token
	narrow := commandJSON[apitoken.Line](b, "api-token", "add", "narrow", "admin", "--may", "people.read").Token
	mailboxes := commandJSON[apitoken.Line](b, "api-token", "add", "mailboxes", "mailbox-manager", "--desk", "support", "--team", "Tier 1").Token
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "swordfish")
	draft, err := json.Marshal(admin.Run{Arguments: []string{"-f", "a.yaml"}, Files: map[string][]byte{"a.yaml": []byte("desks:\n  - {name: other, kind: builtin, secret: '${file:" + secret + "}${env:PATH}'}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := json.Marshal(admin.Run{Arguments: []string{"-f", "a.yaml"}, Files: map[string][]byte{"a.yaml": []byte("connections:\n  - {name: acme, saml: {metadata_file: '" + secret + "'}}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, token, command, body string
		status                     int
		want                       string
	}{
		{"nobody", "", "person-list", `{}`, 401, "show a token"},
		{"no command", all, "person-nothing", `{}`, 404, "no such command"},
		{"one that is for the database alone", all, "key-list", `{}`, 404, "no such command"},
		{"no verb", all, "serve", `{}`, 404, "no such command"},
		{"no JSON", all, "person-list", `[`, 400, "not the JSON"},
		{"what the role may not", reads, "person-block", `{"arguments":["--","ada"]}`, 403, "the role auditor may not"},
		{"what the token is not for", narrow, "desk-list", `{}`, 403, "was not made to"},
		{"what it must name", usual, "connection-release", `{"arguments":["acme","--all"]}`, 403, "only where it names"},
		{"a flag that needs more", usual, "apply", strings.Replace(string(draft), `["-f"`, `["--expect-losses=3","-f"`, 1), 200, "only where it names"},
		{"one of a mailbox manager", mailboxes, "rule-list", `{}`, 403, "mailbox managers"},
		{"another command", all, "desk-app", `{"arguments":["list","support"]}`, 200, "this is another command than desk app"},
		{"a hidden command", all, "status", `{"arguments":["__complete",""]}`, 200, "unknown command"},
		{"another server", all, "person-list", `{"arguments":["--server=http://127.0.0.1:1"]}`, 200, "--server is for the command line itself"},
		{"another server by a variable", all, "person-list", `{"environment":{"DESKBRIDGE_SERVER":"http://127.0.0.1:1","DESKBRIDGE_CONFIG":"` + secret + `"}}`, 200, `{\"status\":0}`},
		{"other settings", all, "person-list", `{"arguments":["--config=` + secret + `"]}`, 200, "--config is for the command line itself"},
		{"a file of the server", all, "plan", `{"arguments":["-f","` + secret + `"]}`, 200, "was not sent along"},
		{"what the server would type", all, "plan", `{"arguments":["-f","-"]}`, 200, "was not sent along"},
		{"a secret of the server", all, "desk-add", `{"arguments":["x","--secret-file=` + secret + `"]}`, 200, "was not sent along"},
		{"files and variables that a draft refers to", all, "plan", string(draft), 200, "was not sent along"},
		{"metadata of the server", all, "plan", string(metadata), 200, "was not sent along"},
		{"a file that it would write", all, "offboarding-show", `{"arguments":["--html=` + secret + `","ada"]}`, 200, "nobody has the id"},
		{"a watch that never ends", all, "status", `{"arguments":["--watch"]}`, 200, "cannot be given from elsewhere"},
	} {
		status, text := b.askAPI(tt.token, "POST", "/api/v1/commands/"+tt.command, tt.body, nil)
		if status != tt.status || !strings.Contains(text, strings.ReplaceAll(tt.want, `\"`, `"`)) {
			t.Errorf("%s: %d %s, want %d and %q", tt.name, status, text, tt.status, tt.want)
		}
		if strings.Contains(text, "swordfish") || strings.Contains(text, os.Getenv("PATH")) {
			t.Errorf("%s: the answer holds what is the server's: %s", tt.name, text)
		}
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "swordfish" {
		t.Errorf("a file of the server: %q, %v", text, err)
	}
	status, text := b.askAPI(all, "POST", "/api/v1/plans", `{"draft":{"connections":[{"name":"acme","saml":{"metadata_file":"`+secret+`"}}]}}`, nil)
	if status != 400 || !strings.Contains(text, "no file of the server is read") {
		t.Errorf("a draft of the admin API that names a file: %d %s", status, text)
	}
}
