package deskbridge_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var stringLiteral = regexp.MustCompile(`"([^"\\\n]+)"`)

// actions returns the audit actions.
func actions(t *testing.T) []string {
	t.Helper()
	return named(t, `provision\.Action = "([^"]+)"`, "provision/audit")
}

// TestAuditIsTheOnlyWriter finds actions that are spelled beside their
// constants, and entries that are written past provision/audit.
func TestAuditIsTheOnlyWriter(t *testing.T) {
	all := actions(t)
	if len(all) < 60 {
		t.Fatalf("only %d actions were found: %v", len(all), all)
	}
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "provision/audit/") {
			return err
		}
		source, err := os.ReadFile(file)
		for _, m := range stringLiteral.FindAllStringSubmatch(string(source), -1) {
			if slices.Contains(all, m[1]) {
				t.Errorf("%s spells the action %s; provision/audit has a constant for it", file, m[1])
			}
		}
		if strings.Contains(string(source), ".Append(ctx") {
			t.Errorf("%s writes audit entries itself; Record of provision/audit does", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
