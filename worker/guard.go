package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const (
	// callTimeout bounds one call of a connector; the lease outlives it.
	callTimeout = 30 * time.Second
	// listTimeout bounds a page of a list, before which the connector may have
	// to read who is in each team.
	listTimeout = 4 * time.Minute
	// renewEvery is how old a lease may be when a call begins.
	renewEvery = reconcile.Lease / 3
)

// deskGuard stands between runs and a desk: it keeps to the desk's rate, stops
// calling a desk that fails, and bounds each call. One guard serves all runs
// of this process to a desk.
type deskGuard struct {
	desk    provision.Desk
	limit   *limiter        // nil: none
	circuit *circuitBreaker // nil: never paused
	core    Core
	log     *slog.Logger
	metrics *metrics
}

// pausedError says that a call was not made, and why, and when to ask again.
type pausedError struct {
	wait   time.Duration // until a call may be made
	lasted time.Duration // how long none has been made; 0: the desk is merely busy
	reason string

	refused bool // the desk refuses our credentials
}

// Error returns the reason.
func (e *pausedError) Error() string { return e.reason }

func isPaused(err error) bool {
	_, ok := errors.AsType[*pausedError](err)
	return ok
}

// call makes one call when that may be made.
func (g *deskGuard) call(ctx context.Context, o *callOptions, timeout time.Duration, do func(ctx context.Context) error) error {
	if err := g.circuit.closed(); err != nil { // before waiting in vain
		return err
	}
	if err := g.limit.wait(ctx, o.priority); err != nil {
		return err
	}
	if err := o.keep(ctx); err != nil {
		return err
	}
	done, err := g.circuit.allow()
	if err != nil {
		return err
	}
	outcome := errGivenUp // also of a connector that panics: whoever tries a desk alone must be heard of
	defer func() {
		done(outcome)
		g.note(ctx)
	}()
	inner, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = do(inner)
	if ctx.Err() != nil {
		return err
	}
	outcome = err
	g.metrics.called(g.desk, err)
	return err
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
		err = pause.note(g.core)(ctx, g.desk.ID, pause.reason, pause.wait)
	} else {
		g.metrics.paused(g.desk, false)
		g.log.InfoContext(ctx, "desk answers again", "desk", g.desk.Name)
		err = g.core.Reconcile.EndPause(ctx, g.desk.ID)
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
