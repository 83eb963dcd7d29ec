package worker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/deskbridge/deskbridge/provision"
)

// served are the desks whose queues this process works off. It belongs to one
// goroutine.
type served struct {
	client *river.Client[*sql.Tx]
	opts   Options
	by     map[provision.DeskID]bool
}

// serve begins to work off the queues of desks that are new.
func (w *Worker) serve(ctx context.Context, s *served) error {
	desks, err := w.core.DeskHealth.DeskIDs(ctx)
	errs := []error{err}
	for _, id := range desks {
		if s.by[id] {
			continue
		}
		if err := s.add(ctx, id.Queue(), len(desks)); err != nil {
			errs = append(errs, fmt.Errorf("worker: desk %s: %w", id, err))
			continue
		}
		s.by[id] = true
	}
	return errors.Join(errs...)
}

// add begins to work off a queue. One that could not be begun is added again
// the next time.
func (s *served) add(ctx context.Context, name string, desks int) error {
	err := s.client.Queues().Add(name, s.opts.queue(desks))
	if err == nil {
		return nil
	}
	var absent *river.QueueNotFoundError
	if gone := s.client.Queues().Remove(ctx, name); !errors.As(gone, &absent) {
		err = errors.Join(err, gone)
	}
	return err
}

// queue is how one of the queues is worked off, when there are so many desks.
func (o Options) queue(desks int) river.QueueConfig {
	poll := max(o.Poll, min(time.Duration(desks)*time.Second/pollsASecond, time.Second))
	return river.QueueConfig{MaxWorkers: o.Workers, FetchCooldown: min(fetchPause, poll), FetchPollInterval: poll}
}
