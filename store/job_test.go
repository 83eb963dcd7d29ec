package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// queued returns the jobs in the queue, oldest first.
func queued(t *testing.T, s *store.Store) []*rivertype.JobRow {
	t.Helper()
	client, err := river.NewClient[*sql.Tx](s.RiverDriver(), &river.Config{})
	must(t, err)
	list, err := client.JobList(t.Context(), river.NewJobListParams().First(10_000).OrderBy(river.JobListOrderByID, river.SortOrderAsc))
	must(t, err)
	return list.Jobs
}

// compact returns JSON without spaces.
func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	must(t, json.Compact(&b, []byte(text)))
	return b.String()
}

func TestEnqueue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		later := time.Now().UTC().Add(time.Hour).Truncate(time.Second)
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			return tx.Enqueue(ctx,
				provision.Job{Kind: provision.JobReconcile, Account: "a1", Desk: "d1", Turn: provision.TurnEnding},
				provision.Job{Kind: provision.JobReconcile, Account: "a2", Turn: provision.TurnLosing, At: later},
				provision.Job{Kind: provision.JobEvaluate, Connection: "c1"})
		}))
		type job struct {
			Kind, Args, Queue string
			Priority          int
			State             rivertype.JobState
		}
		var jobs []job
		for _, j := range queued(t, s) {
			jobs = append(jobs, job{j.Kind, string(j.EncodedArgs), j.Queue, j.Priority, j.State})
		}
		for i := range jobs {
			jobs[i].Args = compact(t, jobs[i].Args)
		}
		equal(t, "jobs", []job{
			{"reconcile", `{"account":"a1"}`, "desk-d1", 1, rivertype.JobStateAvailable},
			{"reconcile", `{"account":"a2"}`, "default", 2, rivertype.JobStateScheduled},
			{"evaluate", `{"connection":"c1"}`, "default", 3, rivertype.JobStateAvailable},
		}, jobs)
		equal(t, "scheduled at", later, queued(t, s)[1].ScheduledAt.UTC())
		must(t, s.Enqueue(ctx))
		if err := s.Enqueue(ctx, provision.Job{Kind: "unknown"}); err == nil {
			t.Error("an unknown kind was taken")
		}
	})
}

func TestJobsShareTheFateOfTheirTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		change := func(name string, result error) error {
			return s.InTx(ctx, func(tx *store.Store) error {
				must(t, tx.InsertIdentity(ctx, identity(c.ID, name)))
				must(t, tx.Enqueue(ctx, provision.Job{Kind: provision.JobEvaluate, Connection: c.ID}))
				return result
			})
		}
		if err := change("undone", errRollback); err != errRollback {
			t.Fatal(err)
		}
		equal(t, "jobs after a rollback", 0, len(queued(t, s)))
		must(t, change("done", nil))
		equal(t, "jobs after a commit", 1, len(queued(t, s)))
	})
}

func TestManyJobs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		jobs := make([]provision.Job, 1100)
		for i := range jobs {
			jobs[i] = provision.Job{Kind: provision.JobReconcile, Account: "a"}
		}
		must(t, s.Enqueue(t.Context(), jobs...))
		equal(t, "jobs", len(jobs), len(queued(t, s)))
	})
}

// runs is a worker as the worker package has one.
type runs struct {
	river.WorkerDefaults[provision.ReconcileArgs]
	seen chan provision.AccountID
}

func (v *runs) Work(_ context.Context, job *river.Job[provision.ReconcileArgs]) error {
	v.seen <- job.Args.Account
	return nil
}

// TestJobsAreWorked runs a River client on the store's driver.
func TestJobsAreWorked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		seen := worked(t, s)
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			return tx.Enqueue(ctx, provision.Job{Kind: provision.JobReconcile, Account: "a1"})
		}))
		equal(t, "account", provision.AccountID("a1"), seen())
	})
}

// TestOldJobsAreWorked has the queue as River 0.31 left it: its schema was at
// version 6, with JSON as text on SQLite.
func TestOldJobsAreWorked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, store.MigrateJobsTo(ctx, s, 6))
		must(t, s.Exec(ctx, `INSERT INTO river_job (kind, args, max_attempts) VALUES ('reconcile', '{"account":"a1"}', 25)`))
		pending, err := s.Pending(ctx)
		must(t, err)
		equal(t, "pending", true, pending)
		must(t, s.Migrate(ctx))
		pending, err = s.Pending(ctx)
		must(t, err)
		equal(t, "pending", false, pending)
		equal(t, "account", provision.AccountID("a1"), worked(t, s)())
	})
}

// worked starts a River client, and returns a function that waits for the next
// account it is sent to.
func worked(t *testing.T, s *store.Store) func() provision.AccountID {
	t.Helper()
	ctx := t.Context()
	worker := &runs{seen: make(chan provision.AccountID, 10)}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := river.NewClient[*sql.Tx](s.RiverDriver(), &river.Config{
		Workers:           workers,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}},
		FetchPollInterval: 100 * time.Millisecond,
	})
	must(t, err)
	must(t, client.Start(ctx))
	t.Cleanup(func() { must(t, client.Stop(context.WithoutCancel(ctx))) })
	return func() (id provision.AccountID) {
		t.Helper()
		select {
		case id = <-worker.seen:
		case <-time.After(2 * time.Minute):
			t.Error("nobody worked the job")
		}
		return id
	}
}
