package worker

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/worker/guard"
)

func TestPutOff(t *testing.T) {
	for _, tt := range []struct {
		name         string
		wait, lasted time.Duration
		ending       bool
		least, most  time.Duration
	}{
		{"a leaver, at first", 10 * time.Second, 0, true, 10 * time.Second, 13 * time.Second},
		{"a newcomer, at first", 10 * time.Second, 0, false, 10 * time.Second, 18 * time.Second},
		{"a leaver, after an hour", 10 * time.Second, time.Hour, true, time.Minute, 76 * time.Second},
		{"a newcomer, after an hour", 10 * time.Second, time.Hour, false, 5 * time.Minute, 8 * time.Minute},
		{"as long as the desk asks for", 15 * time.Minute, time.Hour, true, 15 * time.Minute, 19 * time.Minute},
	} {
		for range 100 {
			if got := deferral(&guard.PausedError{Wait: tt.wait, Lasted: tt.lasted}, tt.ending); got < tt.least || got > tt.most {
				t.Errorf("%s: %v, want from %v to %v", tt.name, got, tt.least, tt.most)
			}
		}
	}
}
