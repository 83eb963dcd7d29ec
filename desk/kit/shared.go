package kit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Turn lets one in at a time. The zero value lets the first one in.
type Turn struct {
	once sync.Once
	one  *semaphore.Weighted
}

// Take waits for the turn, until ctx is done. Whoever has it gives it back by done.
func (t *Turn) Take(ctx context.Context) (done func(), _ error) {
	t.once.Do(func() { t.one = semaphore.NewWeighted(1) })
	if err := t.one.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { t.one.Release(1) }, nil
}

// Shared keeps, as [Cached] does, what takes long to read, and is read once at a
// time: whoever waits takes what another has read, if it is new enough. The zero
// value is empty.
type Shared[T any] struct {
	cached Cached[T]
	turn   Turn
	doubt  atomic.Int64 // since when what is kept may be wrong, in Unix nanoseconds; 0: it never was
}

// Get returns what was asked for less than age ago, and not before the last call
// of Doubt.
func (s *Shared[T]) Get(ctx context.Context, age time.Duration, read func(context.Context) (T, error)) (none T, _ error) {
	oldest := time.Now().Add(-age)
	if at := time.Unix(0, s.doubt.Load()); at.After(oldest) {
		oldest = at
	}
	if value, ok := s.cached.kept(time.Since(oldest)); ok {
		return value, nil
	}
	done, err := s.turn.Take(ctx)
	if err != nil {
		return none, err
	}
	defer done()
	return s.cached.Get(ctx, time.Since(oldest), read)
}

// Peek returns what is kept, however old, without asking; the zero T when nothing is.
func (s *Shared[T]) Peek() T { return s.cached.Peek() }

// Doubt has what is kept be read anew, until undo is called.
func (s *Shared[T]) Doubt() (undo func()) {
	was, now := s.doubt.Load(), time.Now().UnixNano()
	s.doubt.Store(now)
	return func() { s.doubt.CompareAndSwap(now, was) }
}
