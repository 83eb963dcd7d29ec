package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// keepingTime bounds one round of housekeeping: one that hangs must not
	// keep the next from being tried. What it has done by then stays done.
	keepingTime = 5 * time.Minute
	// sealTime is that of sealing, which is due every second.
	sealTime = 30 * time.Second
	// sealLate is for how long sealing may fail before [Worker.Late] says so.
	sealLate = 2 * time.Minute
)

// sealing notes when the audit log was last sealed as far as it goes, or at
// least further than before. It is safe for concurrent use.
type sealing struct {
	mu   sync.Mutex
	last time.Time
}

func (s *sealing) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
}

// ErrUnsealed says that the audit log waits to be sealed.
var ErrUnsealed = errors.New("the audit log has not been sealed")

// Late returns an error when this process could not seal the audit log for two
// minutes; nil while the worker is not started.
func (w *Worker) Late() error {
	w.sealing.mu.Lock()
	defer w.sealing.mu.Unlock()
	if late := time.Since(w.sealing.last); !w.sealing.last.IsZero() && late > sealLate {
		return fmt.Errorf("worker: %w for %s", ErrUnsealed, late.Round(time.Second))
	}
	return nil
}

func (w *Worker) seal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sealTime)
	defer cancel()
	n, err := w.core.Audit.Seal(ctx)
	if err == nil || n > 0 {
		w.sealing.done()
	}
	return err
}
