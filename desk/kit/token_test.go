package kit

import (
	"strings"
	"testing"
)

func TestToken(t *testing.T) {
	token := Token{Least: 2, Most: 256, Marks: "_-"}
	for text, want := range map[string]bool{
		"": false, "a": false, "aZ": true, "09": true, "_-": true, "a.": false, "a b": false, "a\n": false, "ab\x00": false,
		"ä1": false, "@A": false, "[{": false, "`a": false, "\x10a": false, "/0": false, ":9": false,
		strings.Repeat("x", 256): true, strings.Repeat("x", 257): false,
	} {
		if got := token.Is(text); got != want {
			t.Errorf("Is(%q) = %v", text, got)
		}
	}
}
