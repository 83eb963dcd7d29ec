package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/riverqueue/river"

	"github.com/deskbridge/deskbridge/provision"
)

// Priorities of jobs; the queue takes the lowest number first.
const (
	priorityUrgent = 1
	priorityNormal = 2
)

// Enqueue implements [provision.Jobs]. Jobs become River jobs of kind "visit"
// and "evaluate" with [provision.VisitArgs] and [provision.EvaluateArgs], in
// the default queue.
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
	return s.transact(ctx, func(tx *Store) error {
		sqlTx, ok := tx.db.Statement.ConnPool.(*sql.Tx)
		if !ok { // gorm would have to wrap its transactions
			return fmt.Errorf("store: enqueue: the transaction is a %T", tx.db.Statement.ConnPool)
		}
		for batch := range slices.Chunk(params, insertBatch) {
			if _, err := s.jobs.InsertManyFastTx(ctx, sqlTx, batch); err != nil {
				return fmt.Errorf("store: enqueue: %w", err)
			}
		}
		return nil
	})
}

func insertParams(job provision.Job) (river.InsertManyParams, error) {
	opts := &river.InsertOpts{Priority: priorityNormal, Queue: river.QueueDefault, ScheduledAt: job.At}
	if job.Urgent {
		opts.Priority = priorityUrgent
	}
	switch job.Kind {
	case provision.JobVisit:
		return river.InsertManyParams{Args: provision.VisitArgs{Account: job.Account}, InsertOpts: opts}, nil
	case provision.JobEvaluate:
		return river.InsertManyParams{Args: provision.EvaluateArgs{Connection: job.Connection}, InsertOpts: opts}, nil
	}
	return river.InsertManyParams{}, fmt.Errorf("store: enqueue: unknown kind of job %q", job.Kind)
}
