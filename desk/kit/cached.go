package kit

import (
	"context"
	"sync"
	"time"
)

// Cached keeps what a desk is asked for once in a while. The zero value is
// empty. It is safe for concurrent use; callers who find it too old read at the
// same time, and what was asked for last stays.
type Cached[T any] struct {
	mu    sync.Mutex
	value T
	at    time.Time // when it was asked for; zero: never
}

// Get returns what is kept if it was asked for less than age ago, else what
// read returns now. With age 0 it always reads. A failed read changes nothing.
func (c *Cached[T]) Get(ctx context.Context, age time.Duration, read func(context.Context) (T, error)) (T, error) {
	if value, ok := c.kept(age); ok {
		return value, nil
	}
	began := time.Now()
	value, err := read(ctx)
	if err != nil {
		return value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if began.After(c.at) {
		c.value, c.at = value, began
	}
	return value, nil
}

// kept returns what is kept, and whether it was asked for less than age ago.
func (c *Cached[T]) kept(age time.Duration) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, !c.at.IsZero() && time.Since(c.at) < age
}

// Peek returns what is kept, however old, without asking; the zero T when
// nothing is.
func (c *Cached[T]) Peek() T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value
}

// snapshotAge bounds how long the pages of a list may take.
const snapshotAge = 10 * time.Minute

// Snapshot keeps what a [desk.Lister] has to read as a whole (who is in which
// team) from the first page of a list to the last. The zero value is empty. It
// is safe for concurrent use; lists that are read at the same time share it.
type Snapshot[T any] struct{ cached Cached[T] }

// Get returns what read returned for the first page of the list, or with first
// what it returns now.
func (s *Snapshot[T]) Get(ctx context.Context, first bool, read func(context.Context) (T, error)) (T, error) {
	age := snapshotAge
	if first {
		age = 0
	}
	return s.cached.Get(ctx, age, read)
}
