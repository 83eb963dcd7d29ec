// Package worker carries the desired access of accounts to the help desks.
//
// A job says who and where, never what. A reconcile run ([Worker.Reconcile]) reads the
// newest desired access, reads what the desk has, and writes only the
// difference, write by write, each journalled before it is tried. So jobs may
// be merged, repeated and reordered, and a crash at any point is repaired by
// reconciling again. What must be written, and what never may be, package reconcile
// decides; whether a desk is called now, package guard; who takes over from a
// leaver, package assignee. The package knows no vendor and no HTTP request.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/guard"
	"github.com/deskbridge/deskbridge/worker/pace"
)

const (
	// rounds is how often a run reads, writes and reads again before it
	// says that the desk does not keep what it accepts.
	rounds = 3
	// lastWord is how long a run whose context has ended may take to note so.
	lastWord = 10 * time.Second
)

// Open returns the connector for a desk.
type Open func(provision.Desk) (desk.Desk, error)

// Worker reconciles accounts, and sweeps desks. It is safe for concurrent use.
type Worker struct {
	core    Core
	desks   *guard.Desks
	log     *slog.Logger
	metrics *metrics
	sealing sealing
	pace    pace.Meter
}

// New returns a Worker that reaches desks through open.
func New(core Core, open Open, log *slog.Logger) *Worker {
	w := &Worker{core: core, log: log, metrics: newMetrics(core)}
	w.desks = guard.New(open, core.DeskHealth, log, w.metrics)
	return w
}

// Session returns a desk for somebody who looks at it, or writes to it for an admin.
func (w *Worker) Session(d provision.Desk) (*guard.Session, error) {
	return w.desks.Session(d, &guard.Caller{Priority: guard.PriorityGranting})
}

// Reconcile brings the desk to the desired access of the account, as far as that can be done
// now. again, when not zero, is when to run once more. An error means that
// our own database failed; whatever a desk says is noted at the account.
func (w *Worker) Reconcile(ctx context.Context, id provision.AccountID) (again time.Time, _ error) {
	again, _, err := w.reconcile(ctx, id)
	return again, err
}

// reconcile is [Worker.Reconcile]. rest is for how long the next run on the desk would find it
// paused, too.
func (w *Worker) reconcile(ctx context.Context, id provision.AccountID) (again time.Time, rest time.Duration, _ error) {
	v, err := w.core.Reconcile.Begin(ctx, id)
	var later *reconcile.LaterError
	var onHold *reconcile.OnHoldError
	switch {
	case errors.As(err, &later):
		return later.At, 0, nil
	case errors.As(err, &onHold):
		w.tellHold(ctx, onHold.Began)
		if onHold.New {
			return time.Time{}, 0, w.core.Reconcile.HoldOthers(ctx, id)
		}
		return time.Time{}, 0, nil
	case errors.Is(err, reconcile.ErrNotDue), errors.Is(err, reconcile.ErrBusy):
		return time.Time{}, 0, nil
	case provision.IsNotFound(err): // its connection or its desk was removed
		return time.Time{}, 0, nil
	case err != nil:
		return time.Time{}, 0, err
	}
	start := time.Now()
	calls := &guard.Caller{Priority: guard.PriorityGranting, Renewed: start, Renew: v.Renew}
	if v.Ending() {
		calls.Priority = guard.PriorityEnding
	}
	reached, err := w.converge(ctx, v, calls)
	rest = guard.Rest(err)
	ended, err := w.conclude(ctx, v, reached, err)
	if errors.Is(err, reconcile.ErrBusy) { // the lease was lost: whoever has it goes on
		ended, err = "lost", nil
	}
	w.metrics.ran(v.Desk, ended, time.Since(start))
	w.pace.Ran(v.Desk.ID, v.Ending(), calls.Requests, settled[ended])
	w.log.InfoContext(ctx, "reconcile run", "account", id, "identity", v.Account.Identity, "desk", v.Desk.Name,
		"revision", v.Account.Revision, "outcome", ended, "ms", time.Since(start).Milliseconds())
	return time.Time{}, rest, err
}

// settled are the outcomes of runs after which there is nothing to do for a while.
var settled = map[string]bool{"confirmed": true, "place": true, "task": true, "needs-attention": true}

// tellHold logs that mass-change protection has begun to put accounts on hold.
func (w *Worker) tellHold(ctx context.Context, h *reconcile.Hold) {
	if h == nil {
		return
	}
	w.log.ErrorContext(ctx, "mass-change protection has put accounts on hold: unusually many people lose access at once", "connection", h.Connection,
		"people", h.Limit.Lost, "of", h.Limit.Had, "limit", h.Limit.Most, "cause", h.Words(),
		"do", "deskbridge status; if it is meant, deskbridge connection release "+h.Connection+" --all; if not, take it back, or deskbridge connection reject "+h.Connection+" --all")
}

// conclude notes how a run ended: with what it reached, or with failure. ended
// says so in a word, for logs and metrics.
func (w *Worker) conclude(ctx context.Context, v *reconcile.Run, reached outcome, failure error) (ended string, _ error) {
	confirmed := failure == nil && len(reached.tasks) == 0 && len(reached.missing) == 0
	if ctx.Err() != nil { // we stop, or it took too long: let go, so that another worker can go on
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
		defer cancel()
		ctx = detached
		if !confirmed {
			_, err := v.Fail(ctx, provision.ReasonInterrupted, "the run was interrupted", 0)
			return "interrupted", err
		}
	}
	switch {
	case confirmed:
		return "confirmed", v.Confirm(ctx, reached.shown)
	case failure == nil && len(reached.tasks) == 0:
		return "place", v.NeedsAttention(ctx, provision.ReasonPlace, "all else is as desired: "+reached.missing.String(), true)
	case failure == nil:
		code := provision.ReasonByHand
		if reached.residual {
			code = provision.ReasonResidual
		}
		return "task", v.NeedsAttention(ctx, code, "an admin has to do this by hand: "+reached.tasks.String(), true)
	}
	if attention, ok := errors.AsType[*reconcile.AttentionError](failure); ok {
		return "needs-attention", v.Ask(ctx, attention)
	}
	if late, ok := errors.AsType[*lateError](failure); ok {
		return "late", v.PutOff(ctx, provision.ReasonLate, v.Desk.Name+": "+late.Error()+"; looked at again in a moment", late.wait)
	}
	if errors.Is(failure, errHandingOver) {
		return "handing-over", v.PutOff(ctx, provision.ReasonHandingOver, progress(v)+"; goes on by itself", 0)
	}
	if errors.Is(failure, errWaitsToHandOver) {
		return "handing-over", v.PutOff(ctx, provision.ReasonHandingOver, progress(v)+"; goes on by itself after others", waitsToHandOver)
	}
	if paused, ok := errors.AsType[*guard.PausedError](failure); ok {
		return "paused", v.Defer(ctx, paused.Reason, deferral(paused, v.Ending()))
	}
	if e, ok := errors.AsType[*desk.Error](failure); ok {
		return w.concludeDesk(ctx, v, e, failure)
	}
	if e, ok := errors.AsType[*provision.Error](failure); ok && e.Code == provision.Conflict {
		return "needs-attention", v.NeedsAttention(ctx, provision.ReasonUserTaken, "another person in Deskbridge already holds that user on "+v.Desk.Name+"; `deskbridge explain` both, and free the address at the IdP", true)
	}
	if _, ours := errors.AsType[*provision.Error](failure); ours || errors.Is(failure, reconcile.ErrBusy) {
		return "error", failure
	}
	w.log.WarnContext(ctx, "reconcile run failed", "account", v.Account.ID, "desk", v.Desk.Name, "err", failure)
	reason := "the desk did not answer as expected; the log tells more"
	if why := guard.NoAnswer(failure); why != "" {
		reason = v.Desk.Name + " " + why
	}
	_, err := v.Fail(ctx, provision.ReasonFailed, reason, 0)
	return "failed", err
}

// deferral returns when to come back to a desk that is paused: the later the
// longer that has lasted, so that thousands who wait for one desk keep nobody
// from the others. Leavers come sooner. When the desk answers, all are called
// back; see [deskhealth.Service.EndPause].
func deferral(p *guard.PausedError, ending bool) time.Duration {
	if ending {
		wait := max(p.Wait, min(p.Lasted/4, time.Minute))
		return backoff.Between(wait, wait+wait/4+10*time.Millisecond)
	}
	wait := max(p.Wait, min(p.Lasted/2, 5*time.Minute))
	return backoff.Between(wait, wait+wait/2+2*time.Second)
}

// concludeDesk is conclude for e, which a desk has answered; failure names the
// write that it refused.
func (w *Worker) concludeDesk(ctx context.Context, v *reconcile.Run, e *desk.Error, failure error) (string, error) {
	said := e.Detail
	if e.Field != "" {
		said += " (" + e.Field + ")"
	}
	detail := v.Desk.Name + ": " + said
	switch e.Kind {
	case desk.Permanent, desk.Conflict, desk.CannotDo:
		code := map[desk.Kind]provision.ReasonCode{desk.Permanent: provision.ReasonRefused, desk.Conflict: provision.ReasonConflict, desk.CannotDo: provision.ReasonByHand}[e.Kind]
		ask := &reconcile.AttentionError{Code: code, Reason: detail, Recheck: true}
		if refused, ok := errors.AsType[*refusedWrite](failure); ok {
			ask.Reason, ask.Logged = refused.words(v.Desk.Name, said)
			if refused.residual {
				ask.Code = provision.ReasonResidual
			}
		}
		return "needs-attention", v.Ask(ctx, ask)
	case desk.Unauthorized:
		w.desks.Forget(v.Desk.ID)
		w.log.ErrorContext(ctx, "desk refuses our credentials", "desk", v.Desk.Name, "err", e)
		_, err := v.Fail(ctx, provision.ReasonUnauthorized, v.Desk.Name+" refuses our credentials: "+e.Detail+"; `deskbridge desk check "+v.Desk.Name+"` tells more", time.Minute)
		return "unauthorized", err
	}
	w.log.WarnContext(ctx, "reconcile run failed", "account", v.Account.ID, "desk", v.Desk.Name, "err", e)
	if p := progress(v); p != "" {
		detail += "; " + p
	}
	_, err := v.Fail(ctx, provision.ReasonFailed, detail, e.RetryAfter)
	return "failed", err
}
