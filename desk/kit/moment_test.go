package kit_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
)

func TestMoment(t *testing.T) {
	at := time.Date(2026, 11, 21, 20, 25, 37, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"2026-11-21T20:25:37Z"`:      at,
		`"2026-11-21T21:25:37+01:00"`: at,
		`null`:                        {},
		`""`:                          {},
		`"yesterday"`:                 {},
		`"0001-01-01T00:00:00Z"`:      {},
		`17`:                          {},
		`{"seconds":1}`:               {},
	} {
		got := kit.Moment{Time: at.Add(time.Hour)}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Time != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
}
