package sso_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/security/sign-in.md from what the attacks came to")

const securityPage = "../docs/security/sign-in.md"

// ledger is what became of each case.
type ledger struct {
	mu   sync.Mutex
	rows map[string]row
}

type row struct{ id, title, result, test string }

// refusedFor and signsIn are what a case can come to.
func refusedFor(reason string) string { return "refused: `" + reason + "`" }

const signsIn = "signs the right person in"

// variations of a case are the databases and the ways in which a victim can be
// known: what it comes to must be the same in all.
var variations = regexp.MustCompile(`/(sqlite|postgres|[a-z-]+,email=(true|false))`)

// note puts down what a case came to. On every database it must be the same.
func (l *ledger) note(t *testing.T, id, title, result string) {
	t.Helper()
	if t.Failed() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	name := variations.ReplaceAllString(t.Name(), "")
	next := row{id, title, result, name}
	if before, known := l.rows[id]; known && before != next {
		t.Errorf("%s was %+v before", id, before)
	}
	l.rows[id] = next
}

// finish compares what ran with what must, and with what the page says.
func (l *ledger) finish(t *testing.T) {
	t.Helper()
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") || flag.Lookup("test.skip").Value.String() != "" {
		return // somebody asked for some of them only
	}
	for _, section := range attackIDs {
		for _, id := range expand(section.ids) {
			if _, played := l.rows[id]; !played {
				t.Errorf("%s was not played, or failed", id)
			}
		}
	}
	if t.Failed() {
		return
	}
	text := l.page()
	if *update {
		if err := os.MkdirAll("../docs/security", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(securityPage, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(securityPage)
	if err != nil || string(have) != text {
		t.Errorf("docs/security/sign-in.md is not what the attacks came to (%v): run go test ./sso -run '^TestAttacks$' -update, and read the difference", err)
	}
}

const introduction = `# What signing in withstands

<!-- Written by go test ./sso -run '^TestAttacks$' -update; the test fails when this page and the program differ. -->

Each line below is played against the program with every build: a real server, real databases, browsers with cookies,
identity providers of the test's own, over HTTP. There is always an administrator whom nobody may become: pushed by SCIM
or not, and having signed in before or not, where that matters. Of each refusal the test demands that

* the answer is a page with a status of 4xx, which echoes nothing of what was sent, and tells nothing of why beyond what
  the person can use;
* its reference stands in the log, with exactly the reason that the table shows ([what the reasons mean](../sign-in.md));
* there is no session, the administrator's record, logins and sessions are what they were, and no address was fetched that
  an attacker named;
* the next good sign-in works.

What must keep working with the identity providers that there are is in the same table: an attack that is refused because
everything is refused proves nothing. IDs with a letter are variations. The last column is what
` + "`go test ./sso -run`" + ` plays one line with; where two databases or several victims matter, they stand before the ID:
` + "`TestAttacks/saml-flow/sqlite/SF06`" + `.

Report what is missing here in private to the maintainers, as [CONTRIBUTING.md](../../CONTRIBUTING.md#commits) says.
`

func (l *ledger) page() string {
	var b strings.Builder
	b.WriteString(introduction)
	bySection := make(map[int][]row)
	for _, id := range slices.Sorted(maps.Keys(l.rows)) {
		bySection[sectionOf(id)] = append(bySection[sectionOf(id)], l.rows[id])
	}
	for i, section := range attackIDs {
		rows := bySection[i]
		if len(rows) == 0 {
			continue
		}
		slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.id, b.id) })
		fmt.Fprintf(&b, "\n## %s\n\n| | what is done | what comes of it | test |\n|---|---|---|---|\n", section.title)
		for _, r := range rows {
			fmt.Fprintf(&b, "| %s | %s | %s | `%s` |\n", r.id, strings.ReplaceAll(r.title, "|", `\|`), r.result, r.test)
		}
	}
	return b.String()
}
