package worker

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/internal/quietlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
)

const (
	sealEvery    = time.Second
	catchUpEvery = 10 * time.Second
	// runTimeout bounds a whole run; a hand-over of many conversations is
	// the longest.
	runTimeout = 30 * time.Minute
	// servedEvery is how often a desk that is new is looked for.
	servedEvery = 250 * time.Millisecond
	// pollsASecond is how often all queues together are asked for work, however
	// many desks there are; each is asked once a second at least.
	pollsASecond = 200
	// fetchPause is how long the queue is left alone after it gave work. When it
	// had none it is asked again after [Options.Poll].
	fetchPause = 5 * time.Millisecond
)

// defaultWorkers are the runs at once to one desk, unless [Options] says otherwise.
const defaultWorkers = 8

// Options say how much work is done at once.
type Options struct {
	Workers int           // runs at once to one desk, half of them hand-overs of conversations; default 8
	Poll    time.Duration // how often a desk's queue is asked for work; default 100 ms, less often with many desks
	Sweep   time.Duration // how often each desk is looked at for what was changed by hand; default never
}

// Start works off jobs from the queues behind driver until [Runner.Stop]. Each
// desk has a queue and workers of its own, so that one that hangs, or a long
// hand-over, has nobody wait on another desk.
func (w *Worker) Start(ctx context.Context, driver riverdriver.Driver[*sql.Tx], opts Options) (*Runner, error) {
	if opts.Workers == 0 {
		opts.Workers = defaultWorkers
	}
	w.desks.HandOverAtOnce(opts.Workers / 2)
	if opts.Poll == 0 {
		opts.Poll = 100 * time.Millisecond
	}
	stopping := make(chan struct{})
	workers := river.NewWorkers()
	river.AddWorker(workers, &reconcileWorker{worker: w, stopping: stopping})
	river.AddWorker(workers, &evaluateWorker{core: w.core})
	client, err := river.NewClient(driver, &river.Config{
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{provision.SharedQueue: opts.queue(0)},
		PollOnly:             true, // a listener would ask every 50 ms, on the one connection that may write to SQLite
		JobTimeout:           runTimeout,
		RescueStuckJobsAfter: runTimeout + time.Minute,
		Logger:               slog.New(quietlog.New(w.log.Handler())),
	})
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("worker: start: %w", err)
	}
	r := &Runner{client: client, stop: sync.OnceFunc(func() { close(stopping) })}
	keeping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	w.sealing.done() // so that the first round has its time
	served := &served{client: client, opts: opts, by: make(map[provision.DeskID]bool)}
	r.keepers.Go(func() {
		w.every(keeping, servedEvery, "looking for new desks", func(ctx context.Context) error { return w.serve(ctx, served) })
	})
	r.keepers.Go(func() { w.keepAudit(keeping) })
	r.keepers.Go(func() { w.pace.Keep(keeping, w.core.DeskHealth, w.log) })
	r.keepers.Go(func() { w.every(keeping, catchUpEvery, "catching up", w.catchUp) })
	if opts.Sweep > 0 {
		r.keepers.Go(func() { w.keepSweeping(keeping, opts.Sweep) })
	}
	return r, nil
}

// Runner is a started [Worker].
type Runner struct {
	client  *river.Client[*sql.Tx]
	stop    func() // wakes whoever rests
	cancel  context.CancelFunc
	keepers sync.WaitGroup
}

// Stop lets runs that are under way finish, as long as ctx allows, and
// starts no more.
func (r *Runner) Stop(ctx context.Context) error {
	r.stop()
	err := r.client.Stop(ctx)
	if err != nil {
		err = r.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	r.cancel()
	r.keepers.Wait()
	return err
}

// every does housekeeping until ctx ends, at once and then at each interval.
// It is not a job of the queue, because it must go on when the queue has lost
// one. Every replica may do it: it takes locks, and twice is as good as once.
func (w *Worker) every(ctx context.Context, interval time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, keepingTime)
		err := do(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, what+" failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *Worker) catchUp(ctx context.Context) error {
	n, err := w.core.Reconcile.CatchUp(ctx, reconcile.Lease)
	if n > 0 {
		w.log.WarnContext(ctx, "reconciling accounts whose jobs were lost", "accounts", n)
	}
	return err
}

type reconcileWorker struct {
	river.WorkerDefaults[provision.ReconcileArgs]
	worker   *Worker
	stopping <-chan struct{}
}

// Work runs an account. A run that may begin later puts the job off; one that
// was not enqueued for its desk is, as those of older releases are not.
func (v *reconcileWorker) Work(ctx context.Context, job *river.Job[provision.ReconcileArgs]) error {
	if job.Queue == provision.SharedQueue {
		return v.worker.core.Reconcile.Enqueue(ctx, job.Args.Account)
	}
	again, err := v.worker.takeTurn(ctx, job.Args.Account, v.stopping)
	if err == nil && !again.IsZero() {
		return river.JobSnooze(max(time.Until(again), 10*time.Millisecond))
	}
	return err
}

// takeTurn is [Worker.Reconcile] for whoever works off a desk's queue: while the desk is paused,
// the next job is left alone. The desk has workers of its own, so nobody waits who need not.
func (w *Worker) takeTurn(ctx context.Context, id provision.AccountID, stopping <-chan struct{}) (again time.Time, _ error) {
	again, rest, err := w.reconcile(ctx, id)
	if rest > 0 && err == nil {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-stopping:
		case <-ctx.Done():
		}
	}
	return again, err
}

type evaluateWorker struct {
	river.WorkerDefaults[provision.EvaluateArgs]
	core Core
}

func (e *evaluateWorker) Work(ctx context.Context, job *river.Job[provision.EvaluateArgs]) error {
	return e.core.Entitlement.EvaluateDirty(ctx, job.Args.Connection)
}
