package kit

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"Ada Byron":          "Ada Byron",
		" Ada\r\nByron\t":    "Ada  Byron",
		"Ada\x00\x7f\u0085B": "Ada   B",
		"\xffAda\ufffd":      "Ada",
		"":                   "",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		name         string
		text         string
		n            int
		runes, bytes string
	}{
		{"what fits stays", "Ada", 3, "Ada", "Ada"},
		{"characters are kept whole", "aää", 2, "aä", "a"},
		{"no space is left at the cut", "Ada Byron", 4, "Ada", "Ada"},
		{"nothing", "", 0, "", ""},
	} {
		if got := CutRunes(tt.text, tt.n); got != tt.runes {
			t.Errorf("%s: CutRunes = %q, want %q", tt.name, got, tt.runes)
		}
		if got := CutBytes(tt.text, tt.n); got != tt.bytes {
			t.Errorf("%s: CutBytes = %q, want %q", tt.name, got, tt.bytes)
		}
	}
}

func TestIsEmail(t *testing.T) {
	for text, want := range map[string]bool{"ada@example.test": true, "Ada <ada@example.test>": false, "<ada@example.test>": false, " ada@example.test": false, "ada": false, "": false, "adä@example.test": true, "longer@example.test": false} {
		if got := IsEmail(text, 16); got != want {
			t.Errorf("IsEmail(%q) = %v", text, got)
		}
	}
}

func TestIsTimeZone(t *testing.T) {
	for name, want := range map[string]bool{"Europe/London": true, "UTC": true, "Middle Earth": false, "Local": false, "": false} {
		if got := IsTimeZone(name); got != want {
			t.Errorf("IsTimeZone(%q) = %v", name, got)
		}
	}
}

// FuzzCut checks that what is cut fits, is text, and is cut no further the
// second time: else every run would write again.
func FuzzCut(f *testing.F) {
	f.Add("Ada Byron", 5)
	f.Add("ÄÖÜ \xff\x00\n", 3)
	f.Add(" \u00a0 日本語", 10)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 {
			return
		}
		got := CutBytes(OneLine(text), n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00") || got != strings.TrimSpace(got) {
			t.Errorf("cut(%q, %d) = %q", text, n, got)
		}
		if again := CutBytes(OneLine(got), n); again != got {
			t.Errorf("cut twice: %q, then %q", got, again)
		}
	})
}
