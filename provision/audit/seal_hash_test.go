package audit

import (
	"encoding/hex"
	"testing"
	"time"
)

// pinned is an entry whose hashes docs/audit.md's form was computed for by a
// program of its own.
var pinned = Line{ID: 7, At: time.Date(2026, 11, 21, 8, 30, 0, 123456000, time.UTC), Connection: "c1", Actor: "scim:first", Operation: "POST /Users", Request: "r1",
	Action: "user.created", Subject: "u1", Desk: "d1", Account: "a1", Detail: `{"teams":["Tier 1"],"version":1}`, Seal: 3}

// TestSealHash and TestBlockHash pin the form that docs/audit.md publishes: an
// export must be verifiable by others for as long as it is kept.
func TestSealHash(t *testing.T) {
	const want = "1afc670289e601c45ce72fd41724b854de9e6d635f4564f052fa1dd92650f7be"
	if got := hex.EncodeToString(pinned.sealHash([]byte{1, 2, 3})); got != want {
		t.Errorf("hash = %s, want %s", got, want)
	}
}

func TestBlockHash(t *testing.T) {
	b := Block{Number: 4, First: 6, Last: 9, Entries: 2, At: time.Date(2026, 11, 21, 8, 30, 1, 0, time.UTC), Late: IDs{{2, 2}}, Missing: IDs{{6, 6}, {8, 9}}}
	const want = "8d081e5ea4aa1c4f9e656e36e3ec7e4fbbd232cf843b61a5eb36b4901b4edf2b"
	if got := hex.EncodeToString(b.hash([]byte{1, 2, 3}, digests([]Line{pinned}, []Line{pinned}))); got != want {
		t.Errorf("hash = %s, want %s", got, want)
	}
}
