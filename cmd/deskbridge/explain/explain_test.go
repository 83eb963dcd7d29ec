package explain_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
)

// TestManyGroups: somebody may be in thousands of groups.
func TestManyGroups(t *testing.T) {
	for n, want := range map[int]string{30: "in group G\n\n  no access", 31: "\n  and in 1 other group; --json has all\n", 5000: "\n  and in 4970 other groups; --json has all\n"} {
		p := explain.Person{UserName: "ada", Connection: "acme", Groups: make([]explain.Group, n)}
		for i := range p.Groups {
			p.Groups[i].Name = "G"
		}
		var out strings.Builder
		p.Print(&out)
		if strings.Count(out.String(), "in group G\n") != 30 || !strings.Contains(out.String(), want) {
			t.Errorf("of %d groups:\n%s", n, out.String())
		}
	}
}
