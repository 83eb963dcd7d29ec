package audit

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIDs compares sets of ids with plain ones.
func TestIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Bool(), 30, 30).Draw(t, "in")
		out := rapid.SliceOfN(rapid.Bool(), 30, 30).Draw(t, "out")
		var set IDs
		var lines []Line
		var removed []int64
		for i := range all {
			if all[i] {
				set = set.add(int64(i), int64(i))
			} else {
				lines = append(lines, Line{ID: int64(i)})
			}
			if out[i] {
				removed = append(removed, int64(i))
			}
		}
		if g := gaps(0, 29, lines); g.String() != set.String() {
			t.Errorf("gaps %s, want %s", g, set)
		}
		read, err := ParseIDs(set.String())
		if err != nil || read.String() != set.String() {
			t.Errorf("%s read as %s: %v", set, read, err)
		}
		left := set.without(removed)
		for i := range all {
			if set.Has(int64(i)) != all[i] || left.Has(int64(i)) != (all[i] && !out[i]) {
				t.Errorf("%d: in %s: %v, in %s: %v", i, set, set.Has(int64(i)), left, left.Has(int64(i)))
			}
		}
		if _, err := ParseIDs(left.String()); err != nil { // ranges neither overlap nor touch
			t.Error(err)
		}
	})
	for _, text := range []string{"x", "5-4", "1,1", "3,2", "1-", "-1", ","} {
		if s, err := ParseIDs(text); err == nil {
			t.Errorf("%q read as %s", text, s)
		}
	}
}
