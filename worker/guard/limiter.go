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
	most float64 // requests a second, as the desk's settings or its kind have it

	mu        sync.Mutex
	perSecond float64 // at present: less than most since the desk has said that it was too much
	learned   time.Time
	taken     [60]int // requests that the desk took, by the second of the minute
	counted   int64   // the last second of taken, in Unix time

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
	return &limiter{most: perSecond, perSecond: perSecond, tokens: rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))}
}

// wait returns when a request may be sent. A [PausedError] says that this would
// take longer than most.
func (l *limiter) wait(ctx context.Context, r Priority, most time.Duration) error {
	if l == nil {
		return ctx.Err()
	}
	l.mu.Lock()
	l.hope()
	if l.due == nil && l.tokens.Allow() {
		l.mu.Unlock()
		return ctx.Err()
	}
	ahead := 0
	for _, others := range l.waiting[:r+1] {
		ahead += len(others)
	}
	if wait := time.Duration(float64(ahead) / l.perSecond * float64(time.Second)); wait > most {
		defer l.mu.Unlock()
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
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.busy(most)
		}
	}
	return nil // it came at the same moment
}

// busy says that a request would wait for too long. l.mu is held.
func (l *limiter) busy(wait time.Duration) error {
	return &PausedError{Wait: wait, Reason: fmt.Sprintf("its rate of %.3g requests a second is used up for now", l.perSecond)}
}

const (
	// learnFrom is how many requests the desk must have taken within a minute to be
	// believed that there were too many of ours: with fewer, others use it up.
	learnFrom = 20
	// learnPart of what the desk took is what it is sent from then on.
	learnPart = 0.97
	// hopeEvery is after what time without a refusal the desk is sent a tenth more.
	hopeEvery = 15 * time.Minute
)

// took counts a request that the desk took.
func (l *limiter) took() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	l.taken[l.counted%int64(len(l.taken))]++
}

// turn forgets what was taken more than a minute ago. l.mu is held.
func (l *limiter) turn() {
	now := time.Now().Unix()
	for l.counted = max(l.counted, now-int64(len(l.taken))); l.counted < now; {
		l.counted++
		l.taken[l.counted%int64(len(l.taken))] = 0
	}
}

// learn is told that the desk takes no more, because there were too many requests: it is
// sent as many a minute as it has taken in the last one.
func (l *limiter) learn() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	n := 0
	for _, taken := range l.taken {
		n += taken
	}
	if n < learnFrom {
		return
	}
	l.learned = time.Now()
	l.set(min(l.perSecond, learnPart*float64(n)/float64(len(l.taken))))
}

// hope has the desk be sent more when it has not refused any for long. l.mu is held.
func (l *limiter) hope() {
	if l.perSecond < l.most && time.Since(l.learned) >= hopeEvery {
		l.learned = time.Now()
		l.set(min(l.most, l.perSecond*1.1))
	}
}

// set changes the rate. l.mu is held.
func (l *limiter) set(perSecond float64) {
	l.perSecond = perSecond
	l.tokens.SetLimit(rate.Limit(perSecond))
	l.tokens.SetBurst(max(1, int(perSecond)))
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
