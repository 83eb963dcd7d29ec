package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Clock tells the database's time: leases, retries and endings of several
// processes on one database go by one clock, whatever their own ones say.
// Between two looks at the database it goes on by this process's monotonic
// clock, so that a step of the system's clock moves nothing. SQLite is in this
// process, and its time is the system's.
type Clock struct {
	store *Store
	local func() time.Time // with a monotonic reading

	mu       sync.Mutex
	database time.Time // what the database said
	at       time.Time // when that was, by the local clock
}

// NewClock returns a clock that has looked at the database once. local is the
// process's own clock; nil is the system's.
func (s *Store) NewClock(ctx context.Context, local func() time.Time) (*Clock, error) {
	if local == nil {
		local = time.Now
	}
	c := &Clock{store: s, local: local}
	_, err := c.Sync(ctx)
	return c, err
}

// Sync looks at the database, and returns by how much the process's own clock
// is ahead of it; negative: behind.
func (c *Clock) Sync(ctx context.Context) (ahead time.Duration, _ error) {
	if c.store.dialect == SQLite {
		return 0, nil
	}
	var micros int64
	began := c.local()
	err := c.store.writer.QueryRowContext(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&micros)
	if err != nil {
		return 0, fmt.Errorf("store: clock: %w", err)
	}
	took := c.local().Sub(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.database, c.at = toTime(micros), began.Add(took/2)
	return c.at.Round(0).Sub(c.database), nil
}

// Now returns the database's time.
func (c *Clock) Now() time.Time {
	now := c.local()
	if c.store.dialect == SQLite {
		return now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.database.Add(now.Sub(c.at))
}
