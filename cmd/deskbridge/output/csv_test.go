package output_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
)

func TestCellsAreNoFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"Ann":           "Ann",
		"a=1":           "a=1",
		"=1+1":          "'=1+1",
		"+1":            "'+1",
		"-1":            "'-1",
		"@SUM(A1)":      "'@SUM(A1)",
		" =1":           "' =1",
		"＝1":            "'＝1",
		"|cmd":          "'|cmd",
		"\t=1":          `\t=1`,
		"\r\n=1":        `\r\n=1`,
		"a\u202eb":      `a\u202eb`,
		"\x1b[2J":       `\x1b[2J`,
		"\u00a0=1":      `\u00a0=1`,
		"Ann\u2028=1":   `Ann\u2028=1`,
		"\u0085=1":      `\u0085=1`,
		"Zoë Ünï 日本":    "Zoë Ünï 日本",
		"\u3000=danger": `\u3000=danger`,
	} {
		if got := output.Cell(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
