package spelling_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/internal/spelling"
)

func TestClosest(t *testing.T) {
	known := []string{"Support", "Support Leads", "Billing", "Tier 1", "Tier 2", "IT", "Ülkü"}
	for word, want := range map[string]string{
		"Supprt":        "Support",
		"support lead":  "Support Leads",
		"Teir 1":        "Tier 1",
		"Tier 3":        "Tier 1",
		"Biling":        "Billing",
		"ülku":          "Ülkü",
		"Finance":       "",
		"":              "",
		"XY":            "", // both letters are others
		"ITT":           "IT",
		"Everybody":     "",
		"Support":       "", // it is there
		"Supprot Laeds": "Support Leads",
	} {
		if got := spelling.Closest(word, known); got != want {
			t.Errorf("%q: did you mean %q? want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"teir", "tier", 1}, {"ca", "abc", 3},
	} {
		if got := spelling.Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
