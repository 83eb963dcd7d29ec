package main

import (
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/test/pagetest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// maxNotRun is how many blocks of commands the pages may have that no test
// runs. Each says why in a comment before it; raise this with another one.
const maxNotRun = 31

// company is a shell function that pages call, in a comment that readers do not
// see, to have a server, a desk, and two people whose access the desk confirms.
const company = `
company() {
	deskbridge serve 2>server.log &
	until deskbridge healthcheck 2>/dev/null; do sleep 0.2; done
	printf '%s\n' 'connections: [{name: acme, idp: okta, domains: [acme.example]}]' \
		'desks: [{name: support, kind: builtin, settings: {teams: Tier 1, mailboxes: Help}}]' \
		'rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [Tier 1]}]' >company.yaml
	deskbridge apply -f company.yaml
	token=$(deskbridge token create acme first)
	push() { curl -sS --fail-with-body -H "Authorization: Bearer $token" -H 'Content-Type: application/scim+json' "http://$DESKBRIDGE_LISTEN/scim/acme/v2/$1" -d "$2"; }
	members=
	for name in ada bo; do
		id=$(push Users '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"'$name'@acme.example","active":true}' | grep -o '"id":"[^"]*' | cut -d'"' -f4)
		members=$members,'{"value":"'$id'"}'
	done
	push Groups '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Support","members":['"${members#,}"']}'
	for name in ada bo; do
		for i in $(seq 100); do deskbridge explain $name@acme.example | grep -q '(ready' && break; sleep 0.2; done
	done
}
`

// TestPagesDoWhatTheySay runs what the pages tell readers to run, a page after
// the other, each in an empty folder of its own; see package pagetest.
func TestPagesDoWhatTheySay(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "python3", "sqlite3"} {
		if _, err := exec.LookPath(tool); err != nil {
			servicetest.Need(t) // make test installs it
			t.Fatal(err)
		}
	}
	shipped(t)
	notRun, run := 0, 0
	for _, page := range pages(t) {
		blocks, err := pagetest.Read(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			if b.NotRun != "" {
				notRun++
				t.Logf("%s:%d is not run: %s", b.File, b.Line, b.NotRun)
			}
		}
		if !slices.ContainsFunc(blocks, pagetest.Block.Runs) {
			continue
		}
		file, err := filepath.Abs(page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimPrefix(page, "../../"), func(t *testing.T) {
			address := reserveAddress(t)
			home := t.TempDir()
			n := pagetest.Run(t, file, pagetest.Options{
				Dir:     t.TempDir(),
				Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C.UTF-8", "DESKBRIDGE_LISTEN=" + address},
				Before:  company,
				Replace: map[string]string{"127.0.0.1:8080": address, "https://bridge.example.com": "http://" + address},
				Limit:   3 * time.Minute,
			})
			run += n
		})
	}
	if run < 30 || notRun > maxNotRun {
		t.Errorf("%d commands were run, and %d blocks not", run, notRun)
	}
	t.Logf("%d commands were run, %d blocks not", run, notRun)
}

// commandLine is a line that readers would paste into a shell.
var commandLine = regexp.MustCompile(`^\s*(\$ )?(sudo )?(deskbridge|\./deskbridge|bin/deskbridge|curl|docker|make|go (run|test|build)|sqlite3|pg_dump|createdb|test/\w+\.sh|systemctl|kubectl)\b [a-z-]`)

// TestPagesSayWhatIsACommand finds blocks with commands that the test above does
// not see, because their language is neither sh nor console.
func TestPagesSayWhatIsACommand(t *testing.T) {
	for _, page := range pages(t) {
		blocks, err := pagetest.Read(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			for line := range strings.Lines(b.Text) {
				if !b.Runs() && b.NotRun == "" && commandLine.MatchString(line) {
					t.Errorf("%s:%d holds the command %q, and is no block of sh or console", b.File, b.Line, strings.TrimSpace(line))
				}
			}
			if strings.HasPrefix(b.Text, "$ ") && b.Language != "console" {
				t.Errorf("%s:%d is a session, and no block of console", b.File, b.Line)
			}
		}
	}
}

var inline = regexp.MustCompile("(?s)`deskbridge ([^`]+)`")

// TestPagesNameCommandsThatExist finds commands and flags in the text of pages
// that the program does not have.
func TestPagesNameCommandsThatExist(t *testing.T) {
	seen := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inline.FindAllStringSubmatch(string(text), -1) {
			seen++
			words := shellWords(m[1])
			root := rootCommand(&command.App{Stdout: io.Discard, Stderr: io.Discard})
			root.InitDefaultCompletionCmd("completion")
			cmd, rest, err := root.Find(words)
			if err != nil || cmd == root && len(words) > 0 && !strings.HasPrefix(words[0], "-") {
				t.Errorf("%s: there is no command `deskbridge %s`", page, m[1])
				continue
			}
			cmd.InitDefaultHelpFlag()
			rest = slices.DeleteFunc(rest, func(w string) bool { return w == "…" })
			if len(rest) > 0 && strings.HasPrefix(rest[len(rest)-1], "--") {
				rest = append(rest, "1") // the text leaves the value out
			}
			if err := cmd.ParseFlags(rest); err != nil && strings.Contains(err.Error(), "unknown") {
				t.Errorf("%s: `deskbridge %s`: %v", page, m[1], err)
			}
			if cmd.HasSubCommands() && cmd != root && cmd.Flags().NArg() > 0 && cmd.ValidateArgs(cmd.Flags().Args()) != nil {
				t.Errorf("%s: there is no command `deskbridge %s`", page, m[1])
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d commands were found", seen)
	}
}

// shellWords splits a command line at its blanks, quotes aside.
func shellWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`).FindAllString(line, -1) {
		words = append(words, strings.Trim(m, `"'`))
	}
	return words
}

// pages returns the files that readers read.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../CHANGELOG.md"}
	err := filepath.WalkDir("../../docs", func(file string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(file, ".md") {
			found = append(found, file)
		}
		return err
	})
	if err != nil || len(found) < 40 {
		t.Fatalf("%d pages were found, %v", len(found), err)
	}
	return found
}
