package provision

import (
	"context"
	"time"
)

// InTx runs fn in one transaction: all of it takes effect when fn returns nil,
// nothing otherwise. fn may run again after a serialization failure, so it does
// no I/O but tx. T is what the caller needs of the database, and no more.
//
// In a transaction a write that returns an error and nothing else may put it
// off: to whatever is asked next, or to InTx itself. Methods called Lock… keep
// others from changing what they read until the transaction ends. To avoid
// deadlocks locks are taken in this order: rules, connection, desk, group,
// identities by id, accounts by id.
type InTx[T any] func(ctx context.Context, fn func(tx T) error) error

// Clock tells the time of everything that the core writes down: UTC, and in
// microseconds, which is what both databases keep.
type Clock func() time.Time

// NewClock returns a Clock that goes by now; nil is the system's clock.
func NewClock(now func() time.Time) Clock {
	if now == nil {
		now = time.Now
	}
	return func() time.Time { return now().UTC().Truncate(time.Microsecond) }
}
