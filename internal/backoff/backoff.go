// Package backoff decides how long to wait before something is tried again.
//
// What failed together must not come back together, so that a part of every wait
// is random. The package does not wait, and does not know what is tried, nor
// when to give up.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Policy is how waits grow. Both times are positive.
type Policy struct {
	First time.Duration // the longest wait after one failure
	Most  time.Duration // the longest wait of all
}

// After returns how long to wait after so many failures: equal jitter, which is
// at least half of a span that doubles from First to Most. None counts as one.
func (p Policy) After(failures int) time.Duration {
	span := p.First
	for n := 1; n < failures && span < p.Most; n++ {
		span *= 2
	}
	span = min(span, p.Most)
	return Between(span/2, span)
}

// Between returns a random time from least to most, both of them included. most
// must not be less than least.
func Between(least, most time.Duration) time.Duration { return least + rand.N(most-least+1) }
