package provision_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

func TestNearest(t *testing.T) {
	names := []string{"Support", "Billing", "IT", "Tier 1", "Tier 2"}
	for name, want := range map[string]string{
		"Suport":   "Support",
		"support":  "Support",
		"Blilings": "Billing",
		"Teir 1":   "Tier 1",
		"OT":       "IT",
		"Sales":    "",
		"":         "",
		"xx":       "",
	} {
		if got := provision.Nearest(name, names); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
