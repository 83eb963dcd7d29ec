package backoff

import (
	"math"
	"testing"
	"time"
)

func TestAfter(t *testing.T) {
	for _, tt := range []struct {
		name     string
		policy   Policy
		failures int
		least    time.Duration
		most     time.Duration
	}{
		{"none counts as one", Policy{time.Second, 5 * time.Minute}, 0, 500 * time.Millisecond, time.Second},
		{"one", Policy{time.Second, 5 * time.Minute}, 1, 500 * time.Millisecond, time.Second},
		{"each doubles", Policy{time.Second, 5 * time.Minute}, 5, 8 * time.Second, 16 * time.Second},
		{"up to the most", Policy{time.Second, 5 * time.Minute}, 10, 150 * time.Second, 300 * time.Second},
		{"and no further", Policy{time.Second, 5 * time.Minute}, math.MaxInt, 150 * time.Second, 300 * time.Second},
		{"the most is less than the first", Policy{time.Minute, time.Second}, 3, 500 * time.Millisecond, time.Second},
		{"milliseconds", Policy{5 * time.Millisecond, 500 * time.Millisecond}, 7, 160 * time.Millisecond, 320 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[time.Duration]bool{}
			for range 100 {
				got := tt.policy.After(tt.failures)
				if got < tt.least || got > tt.most {
					t.Errorf("%v, want %v to %v", got, tt.least, tt.most)
				}
				seen[got] = true
			}
			if len(seen) < 50 {
				t.Errorf("only %d waits in 100 tries", len(seen))
			}
		})
	}
}

func TestBetweenIncludesItsEnds(t *testing.T) {
	seen := map[time.Duration]int{}
	for range 1000 {
		seen[Between(3, 5)]++
	}
	if len(seen) != 3 || seen[3] == 0 || seen[4] == 0 || seen[5] == 0 {
		t.Errorf("from 3 to 5: %v", seen)
	}
	if got := Between(time.Second, time.Second); got != time.Second {
		t.Errorf("from a second to a second: %v", got)
	}
}
