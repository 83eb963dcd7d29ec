package worker

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
)

const (
	sealEvery    = time.Second
	catchUpEvery = 10 * time.Second
	// visitTimeout bounds a whole visit; a hand-over of many conversations is
	// the longest.
	visitTimeout = 30 * time.Minute
)

// Options say how much work is done at once.
type Options struct {
	Workers int           // visits at once; default 8
	Poll    time.Duration // how often the queue is asked for work; default 100 ms
}

// Start works off jobs from the queue behind driver until [Runner.Stop].
func (w *Worker) Start(ctx context.Context, driver riverdriver.Driver[*sql.Tx], opts Options) (*Runner, error) {
	if opts.Workers == 0 {
		opts.Workers = 8
	}
	if opts.Poll == 0 {
		opts.Poll = 100 * time.Millisecond
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &visitWorker{worker: w})
	river.AddWorker(workers, &evaluateWorker{core: w.core})
	river.AddWorker(workers, &housekeepingWorker{core: w.core, log: w.log})
	client, err := river.NewClient(driver, &river.Config{
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: opts.Workers, FetchCooldown: opts.Poll, FetchPollInterval: opts.Poll}},
		JobTimeout:           visitTimeout,
		RescueStuckJobsAfter: visitTimeout + time.Minute,
		Logger:               slog.New(quiet{w.log.Handler()}),
		PeriodicJobs: []*river.PeriodicJob{
			river.NewPeriodicJob(river.PeriodicInterval(catchUpEvery), func() (river.JobArgs, *river.InsertOpts) {
				return housekeepingArgs{Task: "catch up"}, once
			}, &river.PeriodicJobOpts{RunOnStart: true}),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("worker: start: %w", err)
	}
	r := &Runner{client: client, done: make(chan struct{})}
	sealing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	go r.seal(sealing, w)
	return r, nil
}

// Runner is a started [Worker].
type Runner struct {
	client *river.Client[*sql.Tx]
	cancel context.CancelFunc
	done   chan struct{}
}

// Stop lets visits that are under way finish, as long as ctx allows, and
// starts no more.
func (r *Runner) Stop(ctx context.Context) error {
	err := r.client.Stop(ctx)
	if err != nil {
		err = r.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	r.cancel()
	<-r.done
	return err
}

// seal keeps the audit log sealed. It is no job: a job each second would be
// most of what the queue holds. Every replica may do it; the store lets one.
func (r *Runner) seal(ctx context.Context, w *Worker) {
	defer close(r.done)
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		if _, err := w.core.SealAudit(ctx); err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "sealing the audit log failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

var once = &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}, MaxAttempts: 1}

type visitWorker struct {
	river.WorkerDefaults[provision.VisitArgs]
	worker *Worker
}

// Work visits an account. A visit that may begin later puts the job off.
func (v *visitWorker) Work(ctx context.Context, job *river.Job[provision.VisitArgs]) error {
	again, err := v.worker.Visit(ctx, job.Args.Account)
	if err == nil && !again.IsZero() {
		return river.JobSnooze(max(time.Until(again), 10*time.Millisecond))
	}
	return err
}

type evaluateWorker struct {
	river.WorkerDefaults[provision.EvaluateArgs]
	core *provision.Service
}

func (e *evaluateWorker) Work(ctx context.Context, job *river.Job[provision.EvaluateArgs]) error {
	return e.core.EvaluateDirty(ctx, job.Args.Connection)
}

type housekeepingArgs struct {
	Task string `json:"task"`
}

func (housekeepingArgs) Kind() string { return "housekeeping" }

type housekeepingWorker struct {
	river.WorkerDefaults[housekeepingArgs]
	core *provision.Service
	log  *slog.Logger
}

func (h *housekeepingWorker) Work(ctx context.Context, _ *river.Job[housekeepingArgs]) error {
	n, err := h.core.CatchUp(ctx, provision.Lease)
	if n > 0 {
		h.log.WarnContext(ctx, "visiting accounts whose jobs were lost", "accounts", n)
	}
	return err
}

// quiet passes on what the queue has to say from warnings up.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}
