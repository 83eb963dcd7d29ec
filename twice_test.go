package deskbridge_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// manyRows are pages whose tables have several rows for one thing: a section of a
// standard, a state, a question.
var manyRows = []string{"docs/conformance.md", "docs/performance.md", "docs/house/reconcile-run.md", "docs/security/over-time.md"}

// cell separates the cells of a table.
var cell = regexp.MustCompile(`(?:^|[^\\])\|`)

// TestNoPageSaysAThingTwice finds rows of one table that begin alike, and
// paragraphs that have the same title, as they do when two changes of one were
// merged into two.
func TestNoPageSaysAThingTwice(t *testing.T) {
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	err := filepath.WalkDir("docs", func(file string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(file, ".md") && !slices.Contains(manyRows, filepath.ToSlash(file)) {
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
		for _, twice := range saidTwice(string(text)) {
			t.Errorf("%s says twice: %s", page, twice)
		}
	}
}

func TestWhatIsSaidTwiceIsFound(t *testing.T) {
	for text, want := range map[string]string{
		"| a | b |\n|---|---|\n| x | 1 |\n| y | 2 |\n| x | 3 |\n": "x", "**Domains.** A\nb\n**Domains.** C\n": "**Domains.**",
		"| x | 1 |\n\n| x | 2 |\n": "", "```\n| x |\n| x |\n```\n": "", "| the same | 1 |\n| the same | 2 |\n| | 1 |\n| | 2 |\n": "", `| a\|b | 1 |` + "\n" + `| a\|c | 2 |`: "",
	} {
		if got := strings.Join(saidTwice(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// saidTwice returns the first cells of rows, and the titles of paragraphs, that
// text has twice.
func saidTwice(text string) (twice []string) {
	rows, titles, code := map[string]bool{}, map[string]bool{}, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		code = code != strings.HasPrefix(line, "```")
		row, isRow := strings.CutPrefix(line, "|")
		title, _, hasTitle := strings.Cut(strings.TrimPrefix(line, "**"), ".**")
		switch {
		case code:
		case isRow:
			first := row
			if end := cell.FindStringIndex(row); end != nil {
				first = row[:end[1]-1]
			}
			first = strings.TrimSpace(first)
			if rows[first] && first != "" && first != "the same" {
				twice = append(twice, first)
			}
			rows[first] = true
			continue
		case hasTitle && strings.HasPrefix(line, "**"):
			if titles[title] {
				twice = append(twice, "**"+title+".**")
			}
			titles[title] = true
		}
		clear(rows)
	}
	return twice
}
