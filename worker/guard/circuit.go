package guard

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// CircuitSettings says when calls to a desk that fails stop, and for how long.
type CircuitSettings struct {
	Failures int           // in a row, after which calls stop; default 5; negative: they never do
	Pause    time.Duration // how long they stop; then one at a time is tried; default 10 s
}

const (
	// credentialsPause is how long a desk that refuses our credentials is left
	// alone.
	credentialsPause = time.Minute
	// longestAsked bounds what a desk may ask for, lest a mistake there keeps a
	// leaver in for days.
	longestAsked = 15 * time.Minute
	// probing is how long to wait while somebody else tries the desk.
	probing = time.Second
)

// errGivenUp is how a call ends whose caller does not want it any more: it says
// nothing about the desk.
var errGivenUp = errors.New("worker: the caller has given up")

// circuitBreaker stops calls to a desk that fails, and those to one that has asked
// for it. It is safe for concurrent use; a nil one stops nothing.
type circuitBreaker struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	pause   time.Duration

	mu     sync.Mutex
	since  time.Time // when it began to pause; zero: it does not
	until  time.Time // no call before
	reason string
	refuse bool // it refuses our credentials
	fresh  bool // until has moved, and nobody was told
	over   bool // it is over, and nobody was told
}

func newCircuit(s CircuitSettings) *circuitBreaker {
	if s.Failures < 0 {
		return nil
	}
	if s.Failures == 0 {
		s.Failures = 5
	}
	if s.Pause == 0 {
		s.Pause = 10 * time.Second
	}
	return &circuitBreaker{pause: s.Pause, breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:  1,
		Timeout:      s.Pause,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= s.Failures },
		IsSuccessful: func(err error) bool { return !Failed(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, errGivenUp) },
	})}
}

// Failed reports whether err says that the desk is in no state to be called. A
// refusal is an answer.
func Failed(err error) bool {
	if err == nil {
		return false
	}
	switch desk.KindOf(err) {
	case desk.Conflict, desk.NotFound, desk.Permanent, desk.CannotDo:
		return false
	}
	return true
}

// closed returns a [PausedError] while no calls are made.
func (c *circuitBreaker) closed() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := time.Until(c.until); wait > 0 {
		return c.paused(wait)
	}
	return nil
}

// recovering reports whether the desk was paused and has not answered yet.
func (c *circuitBreaker) recovering() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.since.IsZero()
}

// allow lets a call through, or says when to ask again. done must be told how
// the call went.
func (c *circuitBreaker) allow() (done func(error), _ error) {
	if c == nil {
		return func(error) {}, nil
	}
	if err := c.closed(); err != nil {
		return nil, err
	}
	record, err := c.breaker.Allow()
	if err != nil { // somebody tries the desk, or is about to
		c.mu.Lock()
		defer c.mu.Unlock()
		return nil, c.paused(min(probing, c.pause))
	}
	return func(err error) {
		record(err)
		c.learn(err)
	}, nil
}

// paused says why no call is made. c.mu is held.
func (c *circuitBreaker) paused(wait time.Duration) *PausedError {
	p := &PausedError{Wait: wait, Reason: c.reason, refused: c.refuse}
	if !c.since.IsZero() {
		p.Lasted = time.Since(c.since)
	}
	return p
}

// learn moves the end of the pause as the outcome of a call asks for.
func (c *circuitBreaker) learn(err error) {
	if errors.Is(err, errGivenUp) {
		return
	}
	var wait time.Duration
	if Failed(err) {
		if c.breaker.State() == gobreaker.StateOpen {
			wait = c.pause
		}
		if e, ok := errors.AsType[*desk.Error](err); ok {
			wait = max(wait, min(e.RetryAfter, longestAsked))
			if e.Kind == desk.Unauthorized {
				wait = max(wait, credentialsPause)
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait == 0 {
		if !Failed(err) && !c.since.IsZero() && time.Now().After(c.until) {
			c.since, c.fresh, c.over = time.Time{}, false, true
		}
		return
	}
	if c.since.IsZero() {
		c.since = time.Now()
	}
	if until := time.Now().Add(wait); until.After(c.until) {
		c.until, c.reason, c.refuse, c.fresh = until, whyPaused(err), desk.KindOf(err) == desk.Unauthorized, true
	}
}

// whyPaused says in plain words what a desk has done.
func whyPaused(err error) string {
	e, ok := errors.AsType[*desk.Error](err)
	switch {
	case !ok:
		return "it " + cmp.Or(NoAnswer(err), "does not answer as expected; the log tells more")
	case e.Kind == desk.Unauthorized:
		return "it refuses our credentials: " + e.Detail
	}
	return e.Detail
}

// news returns a pause that nobody has been told of, or says that one is over.
func (c *circuitBreaker) news() (pause *PausedError, over bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh {
		c.fresh, c.over = false, false
		return c.paused(max(time.Until(c.until), 0)), false
	}
	over, c.over = c.over, false
	return nil, over
}

// note returns what notes the pause.
func (p *PausedError) note(h Health) func(context.Context, provision.DeskID, string, time.Duration) error {
	if p.refused {
		return h.NoteRefusal
	}
	return h.NotePause
}
