package scim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"
)

// samePlain fails when the short ways to read a filter and a path give
// anything but what the grammar library gives.
func samePlain(t *testing.T, text string) {
	if short, ok := plainFilter(text); ok {
		long, err := filter.ParseFilterNumber([]byte(text))
		if diff := cmp.Diff(long, short); err != nil || diff != "" {
			t.Errorf("filter %q: %v (-library +ours):\n%s", text, err, diff)
		}
	}
	if short, ok := plainPath(text); ok {
		long, err := filter.ParsePathNumber([]byte(text))
		if diff := cmp.Diff(long, short); err != nil || diff != "" {
			t.Errorf("path %q: %v (-library +ours):\n%s", text, err, diff)
		}
	}
}

func TestPlainFiltersReadAsTheLibraryDoes(t *testing.T) {
	hits := 0
	for _, text := range []string{
		`userName eq "ada"`, `a eq ""`, `a.b eq "x y(z)[]"`, `A-b_1.c-d EQ "é日"`, `emails--v0.value   eQ   "x"`,
		`eq eq "eq"`, `not eq "x"`, `pr eq "and or"`, `and.or eq "x"`, `userName`, `name.givenName`, `members--v0`,
	} {
		samePlain(t, text)
		_, isFilter := plainFilter(text)
		_, isPath := plainPath(text)
		if isFilter || isPath {
			hits++
		}
	}
	if hits != 12 {
		t.Errorf("%d of 12 are plain", hits)
	}
	for _, text := range []string{`a eq "b" `, ` a eq "b"`, `a eq "b\"c"`, `a eq "b" or c eq "d"`, `urn:x:a eq "b"`, "a eq \"\t\"", `1a eq "b"`, `a.b.c`, `a.`, ``} {
		_, isFilter := plainFilter(text)
		_, isPath := plainPath(text)
		if isFilter || isPath {
			t.Errorf("%q is not plain", text)
		}
	}
}
