package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/deskbridge/deskbridge/provision"
)

// priorities of jobs by their turn; the queue takes the lowest number first.
var priorities = map[provision.Turn]int{provision.TurnEnding: 1, provision.TurnLosing: 2, provision.TurnGranting: 3}

// Enqueue implements [entitlement.Store]. Jobs become River jobs of kind
// "reconcile" and "evaluate" with [provision.ReconcileArgs] and [provision.EvaluateArgs], in
// the queue of [provision.DeskID.Queue].
func (s *Store) Enqueue(ctx context.Context, jobs ...provision.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		p, err := insertParams(job)
		if err != nil {
			return err
		}
		params[i] = p
	}
	return s.InTx(ctx, func(tx *Store) error {
		for batch := range slices.Chunk(params, insertBatch) {
			if err := tx.insertJobs(ctx, batch); err != nil {
				return fmt.Errorf("store: enqueue: %w", err)
			}
		}
		return nil
	})
}

func (s *Store) insertJobs(ctx context.Context, jobs []river.InsertManyParams) error {
	if s.pg != nil {
		return s.pg.insertJobs(ctx, s.pgJobs, jobs)
	}
	sqlTx, ok := s.db.Statement.ConnPool.(*sql.Tx)
	if !ok { // gorm would have to wrap its transactions
		return fmt.Errorf("the transaction is a %T", s.db.Statement.ConnPool)
	}
	_, err := s.jobs.InsertManyFastTx(ctx, sqlTx, jobs)
	return err
}

// insertJobs inserts jobs. Those that are not many go in one statement; COPY
// takes several trips.
func (t *pgTx) insertJobs(ctx context.Context, queue *river.Client[pgx.Tx], jobs []river.InsertManyParams) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	return t.native(func(conn *pgx.Conn) error {
		if len(jobs) > fewJobs {
			_, err := queue.InsertManyFastTx(ctx, handle{conn}, jobs)
			return err
		}
		_, err := queue.InsertManyTx(ctx, handle{conn}, jobs)
		return err
	})
}

// fewJobs is up to how many jobs an INSERT is quicker than COPY.
const fewJobs = 20

func insertParams(job provision.Job) (river.InsertManyParams, error) {
	opts := &river.InsertOpts{Priority: priorities[job.Turn], Queue: job.Desk.Queue(), ScheduledAt: job.At}
	switch job.Kind {
	case provision.JobReconcile:
		return river.InsertManyParams{Args: provision.ReconcileArgs{Account: job.Account}, InsertOpts: opts}, nil
	case provision.JobEvaluate:
		return river.InsertManyParams{Args: provision.EvaluateArgs{Connection: job.Connection}, InsertOpts: opts}, nil
	}
	return river.InsertManyParams{}, fmt.Errorf("store: enqueue: unknown kind of job %q", job.Kind)
}
