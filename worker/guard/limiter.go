package guard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// longestWait is how long a request waits for its turn. Whoever would wait longer
// gives its worker back and comes again.
const longestWait = 20 * time.Second

// limiter is a token bucket whose tokens go to the waiting request of the best
// priority, and of those to the one that has waited longest. It is safe for
// concurrent use.
type limiter struct {
	perSecond float64

	mu      sync.Mutex
	tokens  *rate.Limiter
	waiting [priorities][]chan struct{} // closed when its token is there
	due     *time.Timer                 // runs while somebody waits: the next token has been reserved
}

// newLimiter returns a limiter for so many requests a second; nil, which limits
// nothing, for none or less.
func newLimiter(perSecond float64) *limiter {
	if perSecond <= 0 {
		return nil
	}
	return &limiter{perSecond: perSecond, tokens: rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))}
}

// wait returns when a request may be sent. A [PausedError] says that this would
// take longer than most.
func (l *limiter) wait(ctx context.Context, r Priority, most time.Duration) error {
	if l == nil {
		return ctx.Err()
	}
	l.mu.Lock()
	if l.due == nil && l.tokens.Allow() {
		l.mu.Unlock()
		return ctx.Err()
	}
	ahead := 0
	for _, others := range l.waiting[:r+1] {
		ahead += len(others)
	}
	if wait := time.Duration(float64(ahead) / l.perSecond * float64(time.Second)); wait > most {
		l.mu.Unlock()
		return l.busy(wait)
	}
	token := make(chan struct{})
	l.waiting[r] = append(l.waiting[r], token)
	l.reserve()
	l.mu.Unlock()

	timeout := time.NewTimer(most)
	defer timeout.Stop()
	select {
	case <-token:
		return nil
	case <-ctx.Done():
		if l.leave(r, token) {
			return ctx.Err()
		}
	case <-timeout.C: // those of a better priority went ahead
		if l.leave(r, token) {
			return l.busy(most)
		}
	}
	return nil // it came at the same moment
}

func (l *limiter) busy(wait time.Duration) error {
	return &PausedError{Wait: wait, Reason: fmt.Sprintf("its rate of %g requests a second is used up for now", l.perSecond)}
}

// leave takes a call out of the queue; false when it has its token already.
func (l *limiter) leave(r Priority, token chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.waiting[r], token)
	if at < 0 {
		return false
	}
	l.waiting[r] = slices.Delete(l.waiting[r], at, at+1)
	return true
}

// reserve has the next token handed out when it is there. l.mu is held.
func (l *limiter) reserve() {
	if l.due == nil {
		l.due = time.AfterFunc(l.tokens.Reserve().Delay(), l.handOut)
	}
}

// handOut gives a token to whoever is first by now. With nobody left it is lost,
// which makes one call come later than it could.
func (l *limiter) handOut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = nil
	for r, calls := range l.waiting {
		if len(calls) > 0 {
			close(calls[0])
			l.waiting[r] = calls[1:]
			break
		}
	}
	for _, calls := range l.waiting {
		if len(calls) > 0 {
			l.reserve()
			return
		}
	}
}
