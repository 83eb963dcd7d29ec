package audit

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// TestSealHash pins the form that docs/audit.md publishes: an export must be
// verifiable by others for as long as it is kept.
func TestSealHash(t *testing.T) {
	e := provision.Entry{ID: 7, At: time.Date(2026, 11, 21, 8, 30, 0, 123456000, time.UTC), Connection: "c1",
		Cause:  provision.Cause{Actor: "scim:first", Action: "POST /Users", Request: "r1"},
		Action: "user.created", Subject: "u1", Desk: "d1", Account: "a1", Detail: map[string]any{"version": 1, "teams": []string{"Tier 1"}}, Seal: 3}
	const want = "1afc670289e601c45ce72fd41724b854de9e6d635f4564f052fa1dd92650f7be" // computed by the program in docs/audit.md's form
	if got := hex.EncodeToString(sealHash([]byte{1, 2, 3}, e)); got != want {
		t.Errorf("hash = %s, want %s", got, want)
	}
}
