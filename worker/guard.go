package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// renewEvery is how old a lease may be when a request is made. The lease
// outlives the request.
const renewEvery = reconcile.Lease / 3

// deskGuard stands between runs and a desk: it keeps to the desk's rate, stops
// calling a desk that fails, and bounds each call. What is counted are requests,
// where a connector tells of them by [desk.Request], and else calls. One guard
// serves all runs of this process to a desk.
type deskGuard struct {
	desk    provision.Desk
	limit   *limiter        // nil: none
	circuit *circuitBreaker // nil: never paused
	health  health
	log     *slog.Logger
	metrics *metrics
}

// health is where people see that a desk is paused.
type health interface {
	NotePause(ctx context.Context, id provision.DeskID, reason string, wait time.Duration) error
	NoteRefusal(ctx context.Context, id provision.DeskID, reason string, wait time.Duration) error
	EndPause(ctx context.Context, id provision.DeskID) error
}

// pausedError says that a call was not made, and why, and when to ask again.
type pausedError struct {
	wait    time.Duration // until a call may be made
	lasted  time.Duration // how long none has been made; 0: the desk is merely busy
	reason  string
	refused bool // the desk refuses our credentials
	begun   bool // the call was made, and cut short after a request or more
}

// Error returns the reason.
func (e *pausedError) Error() string { return e.reason }

// isPaused reports whether a call was not made, so that nothing was done.
func isPaused(err error) bool {
	e, ok := errors.AsType[*pausedError](err)
	return ok && !e.begun
}

// call makes one call when that may be made. write says that it changes the
// desk.
func (g *deskGuard) call(ctx context.Context, o *callOptions, write bool, do func(ctx context.Context) error) error {
	if err := g.circuit.closed(); err != nil { // before waiting in vain
		return err
	}
	if err := g.limit.wait(ctx, o.priority, longestWait); err != nil {
		return err
	}
	if err := o.keep(ctx); err != nil {
		return err
	}
	record, err := g.circuit.allow()
	if err != nil {
		return err
	}
	p := g.start(ctx, o, write, record)
	said := errGivenUp // also of a connector that panics: whoever tries a desk alone must be heard of
	defer func() {
		p.cancel(nil)
		p.tell(said)
		g.note(ctx)
	}()
	err = do(desk.WithPacer(p.ctx, p.request))
	result, told := p.end(err)
	if ctx.Err() != nil {
		return err
	}
	said = told
	g.metrics.called(g.desk, result)
	return result
}

// note tells people when the desk is not called for a while, and when it is
// again.
func (g *deskGuard) note(ctx context.Context) {
	pause, over := g.circuit.news()
	if pause == nil && !over {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	var err error
	if pause != nil {
		g.metrics.paused(g.desk, true)
		g.log.WarnContext(ctx, "desk paused", "desk", g.desk.Name, "for", pause.wait, "reason", pause.reason)
		err = pause.note(g.health)(ctx, g.desk.ID, pause.reason, pause.wait)
	} else {
		g.metrics.paused(g.desk, false)
		g.log.InfoContext(ctx, "desk answers again", "desk", g.desk.Name)
		err = g.health.EndPause(ctx, g.desk.ID)
	}
	if err != nil {
		g.log.ErrorContext(ctx, "noting a pause failed", "desk", g.desk.Name, "err", err)
	}
}

// priority says who waits for whom. Lower ones go first.
type priority int

const (
	priorityEnding   priority = iota // access ends
	priorityGranting                 // everything else that changes a desk
	priorityLooking                  // sweeps
	priorities
)

// callOptions is what a guard must know of whoever calls, who makes one call at a
// time.
type callOptions struct {
	priority priority
	renew    func(ctx context.Context) error // prolongs the caller's lease; nil: it has none
	renewed  time.Time
}

// keep prolongs the caller's lease when it has become old, for instance while
// the caller waited for its turn: who has lost it must not call any more.
func (o *callOptions) keep(ctx context.Context) error {
	if o.renew == nil || time.Since(o.renewed) < renewEvery {
		return nil
	}
	if err := o.renew(ctx); err != nil {
		return err
	}
	o.renewed = time.Now()
	return nil
}
