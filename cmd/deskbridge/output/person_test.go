package output_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Ada Lovelace":       "Ada Lovelace",
		"Łukasz „Ż” 日本":      "Łukasz „Ż” 日本",
		"a\x1b[1A\x1b[2K":    `a\x1b[1A\x1b[2K`,
		"grp\nFAKE LINE":     `grp\nFAKE LINE`,
		"right\u202eto left": `right\u202eto left`,
	} {
		if got := output.Plain(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestFew(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{nil, "-"},
		{[]string{"a", "b", "c", "d"}, "a, b, c, d"},
		{[]string{"a", "b", "c", "d", "e"}, "a, b, c and 2 more"},
	} {
		if got := output.Few(tt.names); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.names, got, tt.want)
		}
	}
}
