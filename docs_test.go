package deskbridge_test

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/config"
)

// TestDocumentationIsComplete finds names that operators meet and the
// documentation does not tell of.
func TestDocumentationIsComplete(t *testing.T) {
	for _, tt := range []struct {
		what, page string
		names      []string
	}{
		{"setting", "docs/operations.md", settings()},
		{"metric", "docs/operations.md", named(t, `"(deskbridge_[a-z_]+)"`, "worker", "cmd/deskbridge/*", "sso/*")},
		{"audit action", "docs/audit.md", actions(t)},
	} {
		text, err := os.ReadFile(tt.page)
		if err != nil {
			t.Fatal(err)
		}
		if len(tt.names) < 5 {
			t.Errorf("only %d names of kind %s were found in the code: %v", len(tt.names), tt.what, tt.names)
		}
		for _, name := range tt.names {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("%s does not tell of the %s %s", tt.page, tt.what, name)
			}
		}
	}
}

// TestAnActionHasOneRow finds audit actions that the documentation tells of twice,
// as it does when two changes of a row were merged into two rows.
func TestAnActionHasOneRow(t *testing.T) {
	text, err := os.ReadFile("docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range actions(t) {
		rows := 0
		for line := range strings.Lines(string(text)) {
			if row, is := strings.CutPrefix(line, "|"); is {
				first, _, _ := strings.Cut(row, "|")
				rows += strings.Count(first, "`"+name+"`")
			}
		}
		if rows != 1 {
			t.Errorf("docs/audit.md has %d rows for %s", rows, name)
		}
	}
}

// settings returns the environment variables of the server.
func settings() (names []string) {
	server := reflect.TypeFor[config.Server]()
	for i := range server.NumField() {
		names = append(names, "DESKBRIDGE_"+strings.ToUpper(server.Field(i).Tag.Get("koanf")))
	}
	return names
}

// named returns what the group of pattern matches in the Go files of folders,
// tests aside.
func named(t *testing.T, pattern string, folders ...string) (names []string) {
	t.Helper()
	find := regexp.MustCompile(pattern)
	seen := make(map[string]bool)
	for _, folder := range folders {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range find.FindAllStringSubmatch(string(source), -1) {
				if !seen[m[1]] {
					seen[m[1]] = true
					names = append(names, m[1])
				}
			}
		}
	}
	return names
}

var link = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]+))?\)`)

// TestLinksLead finds links between pages that lead nowhere.
func TestLinksLead(t *testing.T) {
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	err := filepath.WalkDir("docs", func(file string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(file, ".md") {
			pages = append(pages, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			if problem := leads(target, m[2]); problem != "" {
				t.Errorf("%s: %s: %s", page, m[0], problem)
			}
		}
	}
}

// leads returns what is wrong with a link to an anchor in target, which may be
// empty; "" when nothing is.
func leads(target, anchor string) string {
	info, err := os.Stat(target)
	if err != nil {
		return "there is no such file"
	}
	if anchor == "" || info.IsDir() {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") && slug(heading) == anchor {
			return ""
		}
	}
	return "there is no such heading"
}

// slug returns the anchor of a heading, as code hosts make it.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', r >= '0' && r <= '9', r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(heading)))
}

var witness = regexp.MustCompile("`(?:([a-z/]+): )?((?:Test|Fuzz)[A-Z]\\w*)`")

// TestWitnessesExist checks every test that the pages about help desks and about
// identity over time call as a witness, and that each row of these tables has one, or a page that says more.
// A name without a folder is of the worker.
func TestWitnessesExist(t *testing.T) {
	for _, p := range []struct {
		file, table string // table: how its heading begins
		rows        int    // at least
	}{
		{"docs/desks/README.md", "\n| the desk |", 15},
		{"docs/solved.md", "\n| | the limit there |", 40},
		{"docs/security/over-time.md", "\n| row | what | test |", 40},
	} {
		text, err := os.ReadFile(p.file)
		if err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(string(text), p.table)
		rows := 0
		for row := range strings.Lines(table) {
			if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| |") || strings.HasPrefix(row, "| row |") {
				continue
			}
			rows++
			named := witness.FindAllStringSubmatch(row, -1)
			if len(named) == 0 && !strings.Contains(row, ".md)") {
				t.Errorf("%s: nothing shows %s", p.file, row)
			}
			for _, m := range named {
				folder := cmp.Or(m[1], "worker")
				if !hasTest(t, folder, m[2]) {
					t.Errorf("%s names %s, which is not in %s", p.file, m[2], folder)
				}
			}
		}
		if rows < p.rows {
			t.Errorf("%s: only %d rows were found", p.file, rows)
		}
	}
}

// hasTest reports whether a folder has a test.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(folder + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(source), "func "+name+"(")
	})
}

var glossaryLine = regexp.MustCompile(`^\* \*\*(.+?)\*\*: [A-Z][^\n]+\.$`)

// TestGlossaryIsInOrder finds lines of the glossary that are no term and
// sentence, terms that are not in alphabetical order, and words that another
// one has taken the place of.
func TestGlossaryIsInOrder(t *testing.T) {
	text, err := os.ReadFile("docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(text), "\n\n* ")
	if !found {
		t.Fatal("the glossary has no list")
	}
	var last string
	for line := range strings.Lines("* " + list) {
		line = strings.TrimSuffix(line, "\n")
		m := glossaryLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not a line like \"* **term**: One sentence.\": %s", line)
			continue
		}
		term := strings.ReplaceAll(strings.ToLower(m[1]), "-", " ")
		if term <= last {
			t.Errorf("%q stands after %q", m[1], last)
		}
		last = term
		if better := replaced[term]; better != "" {
			t.Errorf("one does not say %q but %q", m[1], better)
		}
	}
}

// replaced are words that the house had of its own, and the ones that it has now.
var replaced = map[string]string{
	"app": "desk session", "app session": "desk session", "arrival": "existing matches", "brake": "mass-change protection",
	"described": "SCIM-managed", "door": "sign-in request", "ending": "expirations", "entrance": "sign-in request",
	"farewell": "logout message", "glass": "break-glass", "govern": "managed scope", "group standing": "load for update",
	"guard": "desk guard", "guess": "login throttle", "heir": "assignee", "held": "on hold", "holder": "credentials",
	"known": "cached", "launch": "app launcher", "mark": "external id", "memory": "replay cache", "moving": "transfer",
	"overage": "group overage", "overtaken": "older than the logout", "owner": "break-glass admin", "parked": "needs attention",
	"patience": "circuit breaker", "peer": "IdP client", "place": "desk account", "proof": "AuthnContext", "rank": "priority",
	"returning": "return to", "spoken": "last discovered", "standing": "load for update", "step": "write", "surroundings": "desk facts",
	"ticket": "one-time token", "told": "attribute release", "trial": "test sign-in", "turn": "call options", "twin": "existing matches",
	"undescribed": "sign-in only", "visit": "reconcile run", "visitor": "forward-auth subject", "wake": "requeue",
	"want": "desired access", "words": "role names",
}

// TestContributingHasTheImportRule compares the table of packages with layers.
func TestContributingHasTheImportRule(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.Trim(line, "| \n"), " | "); len(cells) == 4 {
			rows[cells[0]] = cells[2] + " | " + cells[3]
		}
	}
	for _, l := range layers {
		if got, want := rows["`"+l.dir+"`"], importCells(l); got != want {
			t.Errorf("CONTRIBUTING.md says of `%s`\n\t%s\nand imports_test.go\n\t%s", l.dir, got, want)
		}
	}
}

// importCells returns what a layer may import and what it must not know, as
// the table in CONTRIBUTING.md has it.
func importCells(l layer) string {
	knows := map[string]string{"net/http": "HTTP", "database/sql": "SQL"}
	not := make([]string, len(l.not))
	for i, path := range l.not {
		not[i] = knows[path]
	}
	left := slices.Clone(l.may)
	var may []string
	for len(left) > 0 {
		name := left[0]
		if all := family(l.dir, name); len(all) > 0 && !slices.ContainsFunc(all, func(m string) bool { return !slices.Contains(left, m) }) {
			name, _, _ = strings.Cut(name, "/")
			name += "/…"
			left = slices.DeleteFunc(left, func(m string) bool { return slices.Contains(all, m) })
		} else {
			left = left[1:]
		}
		if name == anything {
			name = "everything"
		}
		may = append(may, name)
	}
	return cmp.Or(strings.Join(may, ", "), "–") + " | " + cmp.Or(strings.Join(not, ", "), "–")
}

// family returns the layers of the top folder that name is in, but for dir
// itself; none when that folder is one layer.
func family(dir, name string) (all []string) {
	top, _, _ := strings.Cut(name, "/")
	isLayer, below := false, 0
	for _, l := range layers {
		if within(l.dir, top) && l.dir != dir {
			all = append(all, l.dir)
		}
		isLayer = isLayer || l.dir == top
		if strings.HasPrefix(l.dir, top+"/") {
			below++
		}
	}
	if !isLayer || below == 0 || split(top) {
		return nil
	}
	return all
}

// TestDocumentedMetricsExist: an alarm on a metric that nobody measures never
// fires.
func TestDocumentedMetricsExist(t *testing.T) {
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	exist := named(t, `"(deskbridge_[a-z_]+)"`, "worker", "cmd/deskbridge/*", "sso/*")
	_, upgrading, _ := strings.Cut(string(text), "\n## Upgrading\n") // names that were
	found := 0
	for _, m := range regexp.MustCompile(`deskbridge_[a-z_]+`).FindAllString(strings.ReplaceAll(string(text), upgrading, ""), -1) {
		found++
		if !slices.Contains(exist, strings.TrimSuffix(m, "_count")) {
			t.Errorf("docs/operations.md tells of a metric %s that nobody measures", m)
		}
	}
	if found < 30 {
		t.Errorf("only %d names of metrics were found", found)
	}
}
