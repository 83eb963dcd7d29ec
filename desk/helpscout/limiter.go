package helpscout

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// The rate limit is one for the whole account, whoever uses it, and counts
// units: a read is one, a write two. Each answer tells how many units a minute
// there are. We use 70 % of them steadily and the rest as a burst, so that a
// minute never sees more than all.
const (
	assumedUnits = 100 // a minute, before the first answer
	steadyShare  = 0.7
	minBurst     = 5
	readUnits    = 1
	writeUnits   = 2
)

// limiter keeps requests within Help Scout's rate limit. It is safe for
// concurrent use.
type limiter struct {
	units *rate.Limiter

	mu     sync.Mutex
	limit  int       // units a minute, as last learnt
	paused time.Time // no request before
}

func newLimiter() *limiter {
	steady, burst := shares(assumedUnits)
	return &limiter{units: rate.NewLimiter(steady, burst), limit: assumedUnits}
}

// shares returns what we use of a number of units a minute.
func shares(units int) (steady rate.Limit, burst int) {
	share := steadyShare * float64(units)
	return rate.Limit(share / 60), max(units-int(share), minBurst)
}

// set takes over how many units a minute the account has.
func (l *limiter) set(units int) {
	if l.limit == units {
		return
	}
	l.limit = units
	steady, burst := shares(units)
	l.units.SetLimit(steady)
	l.units.SetBurst(burst)
}

// wait returns when a request of n units may be sent. When that is not before
// ctx ends it returns a Retryable error at once: its RetryAfter says when.
func (l *limiter) wait(ctx context.Context, n int) error {
	now := time.Now()
	l.mu.Lock()
	pause := l.paused.Sub(now)
	l.mu.Unlock()
	if pause > 0 {
		return limited(pause)
	}
	r := l.units.ReserveN(now, n)
	delay := r.DelayFrom(now)
	if end, ok := ctx.Deadline(); ok && now.Add(delay).After(end) {
		r.CancelAt(now)
		return limited(delay)
	}
	if delay == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		r.Cancel()
		return ctx.Err()
	}
}

// learn takes over what an answer tells about the limit.
func (l *limiter) learn(a *kit.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit, err := strconv.ParseUint(a.Header.Get("X-RateLimit-Limit-Minute"), 10, 24); err == nil && limit > 0 {
		l.set(int(limit))
	}
	if a.Status == http.StatusTooManyRequests {
		now := time.Now()
		l.paused = now.Add(kit.RetryAfter(a.Header, now))
	}
}

func limited(after time.Duration) *desk.Error {
	return &desk.Error{Kind: desk.Retryable, RetryAfter: after,
		Detail: "the rate limit of the Help Scout account, which all its integrations share, is used up for now; Deskbridge goes on by itself"}
}
