package kit

import (
	"strings"
	"testing"
)

func TestBothNames(t *testing.T) {
	for _, tt := range []struct{ name, given, family, display, email, wantGiven, wantFamily string }{
		{"both are there", "Ada", "Byron", "Countess", "x@example.test", "Ada", "Byron"},
		{"a display name alone", "", "", "Augusta Ada King", "x@example.test", "Augusta Ada", "King"},
		{"the given name is in the display name", "", "King", "Augusta Ada King", "x@example.test", "Augusta Ada", "King"},
		{"the family name is in the address", "Ada", "", "Ada", "ada_byron+desk@example.test", "Ada", "Byron"},
		{"one name is all there is", "Madonna", "", "Madonna", "madonna@example.test", "Madonna", ""},
		{"nothing at all", "\u200b", " ", "", "@example.test", "", ""},
		{"each has its own length", strings.Repeat("ä", 30), strings.Repeat("語", 30), "", "", strings.Repeat("ä", 12), strings.Repeat("語", 20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given, family := BothNames{Given: 12, Family: 20}.Of(tt.given, tt.family, tt.display, tt.email)
			if given != tt.wantGiven || family != tt.wantFamily {
				t.Errorf("%q, %q, want %q, %q", given, family, tt.wantGiven, tt.wantFamily)
			}
		})
	}
}
