package guard

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const (
	// renewEvery is how old a lease may be when a request is made. The lease
	// outlives the request.
	renewEvery = reconcile.Lease / 3
	// lastWord is how long a call whose context has ended may take to note a
	// pause.
	lastWord = 10 * time.Second
)

// deskGuard stands between runs and a desk: it keeps to the desk's rate, stops
// calling a desk that fails, and bounds each call. What is counted are requests,
// where a connector tells of them by [desk.Request], and else calls. One guard
// serves all runs of this process to a desk.
type deskGuard struct {
	desk    provision.Desk
	answer  time.Duration   // see Desks
	limit   *limiter        // nil: none
	circuit *circuitBreaker // nil: never paused
	health  Health
	log     *slog.Logger
	metrics Metrics
	tells   atomic.Bool // the connector tells of its requests
}

// Health is where people see that a desk is paused: the core.
type Health interface {
	NotePause(ctx context.Context, id provision.DeskID, reason string, wait time.Duration) error
	NoteRefusal(ctx context.Context, id provision.DeskID, reason string, wait time.Duration) error
	EndPause(ctx context.Context, id provision.DeskID) error
	// RecognizeUnits returns what names in rules mean on a desk that has these
	// teams and mailboxes, and also these of hand_over; KnownUnits what they meant when that was last known.
	RecognizeUnits(ctx context.Context, id provision.DeskID, units []deskhealth.Unit, also ...deskhealth.Unit) ([]deskhealth.KnownUnit, error)
	KnownUnits(ctx context.Context, id provision.DeskID) ([]deskhealth.KnownUnit, error)
}

// Metrics is where calls are counted.
type Metrics interface {
	// Called counts a call that was made, by how it ended.
	Called(d provision.Desk, err error)
	// Paused says whether the desk is not called for now.
	Paused(d provision.Desk, is bool)
}

// PausedError says that a call was not made, and why, and when to ask again.
type PausedError struct {
	Wait    time.Duration // until a call may be made
	Lasted  time.Duration // how long none has been made; 0: the desk is merely busy
	Reason  string
	refused bool // the desk refuses our credentials
	begun   bool // the call was made, and cut short after a request or more
}

// Error returns the reason.
func (p *PausedError) Error() string { return p.Reason }

const (
	// longestRest bounds how long a worker leaves the queue of a paused desk alone, so that new
	// settings and the word of an admin are soon acted on.
	longestRest = 5 * time.Second
	// longestBusyRest is the same of a desk that is merely busy: whoever leaves goes before others there.
	longestBusyRest = time.Second
)

// Rest returns for how long a worker leaves the queue of a desk alone after a run that ended
// so; 0 where it was not for a pause. Without that, a desk that pauses for a minute would have
// each run of thousands begun, put off and called back again, with nothing done.
func Rest(failure error) time.Duration {
	paused, ok := errors.AsType[*PausedError](failure)
	switch {
	case !ok:
		return 0
	case paused.Lasted == 0:
		return min(paused.Wait, longestBusyRest)
	}
	return min(paused.Wait, longestRest)
}

// IsPaused reports whether a call was not made, so that nothing was done.
func IsPaused(err error) bool {
	e, ok := errors.AsType[*PausedError](err)
	return ok && !e.begun
}

// call makes one call when that may be made. write says that it changes the
// desk.
func (g *deskGuard) call(ctx context.Context, o *Caller, write bool, do func(ctx context.Context) error) error {
	if err := g.circuit.closed(); err != nil { // before waiting in vain
		return err
	}
	if err := g.limit.wait(ctx, o.Priority, longestWait); err != nil {
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
	if tooOften(told) {
		g.limit.learn()
	}
	g.metrics.Called(g.desk, result)
	return result
}

// tooOften reports whether a desk has said that there were too many requests.
func tooOften(err error) bool {
	e, ok := errors.AsType[*desk.Error](err)
	return ok && e.TooOften
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
		g.metrics.Paused(g.desk, true)
		g.log.WarnContext(ctx, "desk paused", "desk", g.desk.Name, "for", pause.Wait, "reason", pause.Reason)
		err = pause.note(g.health)(ctx, g.desk.ID, pause.Reason, pause.Wait)
	} else {
		g.metrics.Paused(g.desk, false)
		g.log.InfoContext(ctx, "desk answers again", "desk", g.desk.Name)
		err = g.health.EndPause(ctx, g.desk.ID)
	}
	if err != nil {
		g.log.ErrorContext(ctx, "noting a pause failed", "desk", g.desk.Name, "err", err)
	}
}

// Priority says who waits for whom. Lower ones go first.
type Priority int

// The priorities of a call.
const (
	PriorityEnding   Priority = iota // access ends
	PriorityGranting                 // everything else that changes a desk
	PriorityLooking                  // sweeps
	priorities
)

// Caller is what a guard must know of whoever calls, who makes one call at a
// time.
type Caller struct {
	Priority Priority
	Renew    func(ctx context.Context) error // prolongs the caller's lease; nil: it has none
	Renewed  time.Time                       // when that was last done, or the lease was taken
	Requests int                             // that the desk was sent so far; of a call that tells of none, one
}

// keep prolongs the caller's lease when it has become old, for instance while
// the caller waited for its turn: who has lost it must not call any more.
func (o *Caller) keep(ctx context.Context) error {
	if o.Renew == nil || time.Since(o.Renewed) < renewEvery {
		return nil
	}
	if err := o.Renew(ctx); err != nil {
		return err
	}
	o.Renewed = time.Now()
	return nil
}
