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

// Beside that, no more than 12 writes in 5 seconds are taken (vendor's llms.txt,
// August 2026). We keep some way from it: what is sent apart may arrive
// together.
const (
	writesAtOnce = 10
	writesWithin = 5500 * time.Millisecond
)

// longestWait is how long a request waits for its turn. Whoever would wait
// longer comes again.
const longestWait = 20 * time.Second

// limiter keeps requests within Help Scout's rate limit. It is safe for
// concurrent use.
type limiter struct {
	units *rate.Limiter

	mu     sync.Mutex
	limit  int         // units a minute, as last learnt
	paused time.Time   // no request before
	writes []time.Time // the last ones, as they are or will be sent; at most writesAtOnce
	within time.Duration
}

func newLimiter() *limiter {
	steady, burst := shares(assumedUnits)
	return &limiter{units: rate.NewLimiter(steady, burst), limit: assumedUnits, within: writesWithin}
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

// wait returns when a request of n units may be sent. When that is not soon, or
// not before ctx ends, it returns a Retryable error at once: its RetryAfter says
// when.
func (l *limiter) wait(ctx context.Context, n int, write bool) error {
	delay, giveBack, err := l.reserve(ctx, n, write)
	if err != nil || delay == 0 {
		return errOr(err, ctx.Err())
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		giveBack()
		return ctx.Err()
	}
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// reserve says how long to wait until a request may be sent. giveBack is for who
// does not send it.
func (l *limiter) reserve(ctx context.Context, n int, write bool) (delay time.Duration, giveBack func(), _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if pause := l.paused.Sub(now); pause > 0 {
		return 0, nil, usedUp(pause)
	}
	r := l.units.ReserveN(now, n)
	delay = r.DelayFrom(now)
	if write && len(l.writes) == writesAtOnce {
		delay = max(delay, l.writes[0].Add(l.within).Sub(now))
	}
	most := longestWait
	if end, ok := ctx.Deadline(); ok {
		most = min(most, end.Sub(now))
	}
	if delay > most {
		r.CancelAt(now)
		return 0, nil, usedUp(delay)
	}
	if write {
		l.writes = append(l.writes, now.Add(delay))
		l.writes = l.writes[max(0, len(l.writes)-writesAtOnce):]
	}
	return delay, r.Cancel, nil
}

// learn takes over what an answer tells about the limit, which other
// integrations use, too: what is left of the minute is the most that we may use
// at once.
func (l *limiter) learn(a *kit.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if limit, err := strconv.ParseUint(a.Header.Get("X-RateLimit-Limit-Minute"), 10, 24); err == nil && limit > 0 {
		l.set(int(limit))
	}
	if left, err := strconv.ParseUint(a.Header.Get("X-RateLimit-Remaining-Minute"), 10, 24); err == nil {
		if over := int(l.units.TokensAt(now)) - int(left); over > 0 {
			l.units.AllowN(now, over)
		}
	}
	if a.Status == http.StatusTooManyRequests { // which alone tells when the minute ends
		l.paused = now.Add(kit.RetryAfter(a.Header, now))
	}
}

// limited is the error for a request that Help Scout refused for its rate.
func limited(after time.Duration) *desk.Error {
	return &desk.Error{Kind: desk.Retryable, RetryAfter: after,
		Detail: "the rate limit of the Help Scout account, which all its integrations share, is used up for now; Deskbridge goes on by itself"}
}

// usedUp is the error for one that we do not send for it.
func usedUp(after time.Duration) *desk.Error {
	e := limited(after)
	e.Err = desk.ErrNotAsked
	return e
}
