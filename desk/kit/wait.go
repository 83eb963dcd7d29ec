package kit

import (
	"context"
	"time"
)

// Wait waits, or until ctx is done: for a desk that does later what it has accepted.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
