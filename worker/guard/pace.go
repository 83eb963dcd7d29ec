package guard

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	// answerTimeout is how long a call may take of which no request is heard:
	// of a connector that has none, all of it. A request over HTTP has a limit
	// of its own, which is the same.
	answerTimeout = 30 * time.Second
	// lookEvery is how often a call that lasts is looked at.
	lookEvery = 5 * time.Second
	// quietTimeout is how long a call that makes requests may go without any.
	quietTimeout = 2 * time.Minute
	// callTimeout bounds a call that makes progress.
	callTimeout = 15 * time.Minute
	// patience is how long a request waits for its turn that goes on with a
	// write: giving up would leave open what became of it.
	patience = time.Minute
)

var errTooSlow = desk.Errorf(desk.Retryable, "it answers too slowly (%g s)", answerTimeout.Seconds())

// pace is one call of the contract at work. Each of its requests waits for its
// turn; whoever runs the call keeps the lease as long as it lasts.
type pace struct {
	guard   *deskGuard
	options *Caller
	write   bool
	ctx     context.Context // ends with the call's time
	cancel  context.CancelCauseFunc
	began   time.Time

	mu       sync.Mutex  // also of options
	record   func(error) // tells the circuit how the call went; nil: it knows
	requests int         // that were to be sent
	sent     int         // of those, the ones that were
	progress time.Time   // when the last one was sent or answered
	look     *time.Timer
	ended    bool
}

// start begins to watch a call that may be made now. Its first request has had
// its turn.
func (g *deskGuard) start(ctx context.Context, o *Caller, write bool, record func(error)) *pace {
	now := time.Now()
	p := &pace{guard: g, options: o, write: write, record: record, began: now, progress: now}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look = time.AfterFunc(min(lookEvery, g.answerLimit()), p.watch)
	return p
}

// answerLimit is how long a call may take of which no request is heard.
func (g *deskGuard) answerLimit() time.Duration { return cmp.Or(g.answer, answerTimeout) }

// watch ends a call that makes no progress, and keeps the lease of one that
// does.
func (p *pace) watch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	limit := p.guard.answerLimit()
	if p.requests > 0 {
		limit = quietTimeout
	}
	left := min(limit-time.Since(p.progress), callTimeout-time.Since(p.began))
	if left <= 0 {
		p.cancel(errTooSlow)
		return
	}
	if err := p.options.keep(p.ctx); err != nil {
		p.cancel(err)
		return
	}
	p.look.Reset(min(left, lookEvery))
}

// request is the call's [desk.Pacer].
func (p *pace) request(ctx context.Context, send func(ctx context.Context) error) error {
	if err := p.turn(ctx); err != nil {
		return err
	}
	p.guard.tells.Store(true)
	err := send(ctx)
	p.answered(err)
	return err
}

// turn returns when a request may be sent.
func (p *pace) turn(ctx context.Context) error {
	p.mu.Lock()
	first := p.requests == 0
	p.requests++
	p.progress = time.Now()
	p.mu.Unlock()
	if first {
		return nil
	}
	err := p.guard.circuit.closed()
	if err == nil {
		most := longestWait
		if p.write {
			most = patience
		}
		err = p.guard.limit.wait(ctx, p.options.Priority, most)
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = time.Now()
	return p.options.keep(ctx)
}

// answered notes the progress, and that a desk answers again: others need not
// wait for the end of the call to go on.
func (p *pace) answered(err error) {
	if !tooOften(err) {
		p.guard.limit.took()
	}
	p.mu.Lock()
	p.sent++
	p.progress = time.Now()
	record := p.record
	if record == nil || Failed(err) || !p.guard.circuit.recovering() {
		p.mu.Unlock()
		return
	}
	p.record = nil
	p.mu.Unlock()
	record(nil)
	p.guard.note(p.ctx)
}

// end ends the call and returns what has become of it: the reason for which we
// ended it ourselves, else what the connector says. said is what that tells
// about the desk.
func (p *pace) end(err error) (result, said error) {
	p.mu.Lock()
	p.ended = true
	p.look.Stop()
	requests := p.requests
	p.options.Requests += p.sent
	if p.sent == 0 && !p.guard.tells.Load() { // a connector that tells of no requests
		p.options.Requests++
		if !tooOften(err) {
			p.guard.limit.took()
		}
	}
	p.mu.Unlock()
	if err == nil {
		return nil, nil
	}
	switch cause := context.Cause(p.ctx); {
	case errors.Is(cause, errTooSlow):
		return errTooSlow, errTooSlow
	case cause != nil: // the lease is lost, or the caller has given up
		return errors.Join(cause, err), errGivenUp
	}
	if paused, ok := errors.AsType[*PausedError](err); ok {
		cut := *paused
		cut.begun = requests > 1 // the last one was not sent
		return &cut, errGivenUp
	}
	if e, ok := errors.AsType[*desk.Error](err); ok && errors.Is(err, desk.ErrNotAsked) {
		return &PausedError{Wait: e.RetryAfter, Reason: e.Detail, begun: requests > 0}, errGivenUp
	}
	return err, err
}

// tell tells the circuit how the call went, unless it has heard of its success
// and that was the end.
func (p *pace) tell(said error) {
	p.mu.Lock()
	record := p.record
	p.record = nil
	p.mu.Unlock()
	if record == nil && Failed(said) && !errors.Is(said, errGivenUp) {
		record, _ = p.guard.circuit.allow()
	}
	if record != nil {
		record(said)
	}
}
