package scim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentsNameTestsThatExist checks every test that the conformance and
// limits pages call as a witness. A name without a folder is of this package.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	mention := regexp.MustCompile("`(?:([a-z/]+): )?((?:Test|Fuzz)[A-Z]\\w*)`")
	for _, page := range []string{"conformance.md", "limits.md"} {
		text, err := os.ReadFile(filepath.Join("..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		mentions := mention.FindAllStringSubmatch(string(text), -1)
		if len(mentions) < 20 {
			t.Errorf("%s names %d tests: the pattern misses them", page, len(mentions))
		}
		for _, m := range mentions {
			folder := m[1]
			if folder == "" {
				folder = "scim"
			}
			if !strings.Contains(testsOf(t, folder), "func "+m[2]+"(") {
				t.Errorf("%s names %s, which is not in %s", page, m[2], folder)
			}
		}
		for row := range strings.Lines(string(text)) {
			if strings.HasPrefix(row, "| ") && !strings.Contains(row, "shown by") && !mention.MatchString(row) {
				t.Errorf("%s: no test shows %s", page, row)
			}
		}
	}
}

// testsOf returns the test files of a folder.
func testsOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}
