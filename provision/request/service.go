package request

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Store is what this package needs of a database.
type Store interface {
	// AddRequests adds records, all or none.
	AddRequests(ctx context.Context, records []Record) error
	// LatestRequests returns up to limit records that f selects, before place, the
	// newest first; before the zero Place is every one.
	LatestRequests(ctx context.Context, f Filter, before Place, limit int) ([]Record, error)
	// Request returns one record, or a NotFound [provision.Error].
	Request(ctx context.Context, id string) (Record, error)
	// PruneRequests deletes up to limit of those from before a time, the oldest
	// first, and returns how many.
	PruneRequests(ctx context.Context, before time.Time, limit int) (int, error)
}

const (
	// writeEvery is how long a record waits for others.
	writeEvery = time.Second
	// mostWaiting bounds the memory of what waits; beyond it records are left out.
	mostWaiting = 10_000
	// mostStrangers bounds how many of those that wait nobody known has sent:
	// whoever has no token can neither fill the database nor crowd out others.
	mostStrangers = 100
	// batch is how many are written, or deleted, at a time.
	batch = 500
	// pruneEvery is how often what is too old is looked for.
	pruneEvery = time.Minute
	// lastTry bounds how long the end of the process waits for the last ones.
	lastTry = 5 * time.Second
)

// Service is the request log. It is safe for concurrent use, by any number of
// processes on one database. The zero value keeps nothing.
type Service struct {
	store Store
	keep  time.Duration
	now   provision.Clock
	log   *slog.Logger

	mu        sync.Mutex
	waiting   []Record
	strangers int // of those

	dropped atomic.Int64
}

// New returns a Service on store, that keeps records for keep; 0: none is kept,
// and those that there are go.
func New(store Store, keep time.Duration, now provision.Clock, log *slog.Logger) *Service {
	return &Service{store: store, keep: keep, now: now, log: log}
}

// Add hands over what is to be written. It never waits: when too much is
// waiting, r is left out, and counted.
func (s *Service) Add(r Record) {
	if s.keep <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(r)
}

// add is [Service.Add] for whoever holds mu.
func (s *Service) add(r Record) {
	if len(s.waiting) >= mostWaiting || r.stranger() && s.strangers >= mostStrangers {
		s.dropped.Add(1)
		return
	}
	if r.stranger() {
		s.strangers++
	}
	s.waiting = append(s.waiting, r)
}

// Dropped returns how many records were left out since the process began.
func (s *Service) Dropped() int64 { return s.dropped.Load() }

// Run writes what was handed over, and deletes what is too old, until ctx ends.
// Then it writes the last ones.
func (s *Service) Run(ctx context.Context) {
	write, prune := time.NewTicker(writeEvery), time.NewTicker(pruneEvery)
	defer write.Stop()
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTry)
			defer cancel()
			s.Flush(last)
			return
		case <-write.C:
			s.Flush(ctx)
		case <-prune.C:
			if err := s.Prune(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "the request log is not pruned", "err", err)
			}
		}
	}
}

// Flush writes what was handed over. While the database does not answer, it stays
// for the next time, as far as there is room; what cannot be written otherwise is
// left out.
func (s *Service) Flush(ctx context.Context) {
	s.mu.Lock()
	records := s.waiting
	s.waiting, s.strangers = nil, 0
	s.mu.Unlock()
	for len(records) > 0 {
		n := min(len(records), batch)
		err := s.store.AddRequests(ctx, records[:n])
		if provision.IsUnavailable(err) || ctx.Err() != nil {
			s.back(records)
			return
		}
		if err != nil {
			s.dropped.Add(int64(n))
			s.log.WarnContext(ctx, "requests are missing in the request log", "count", n, "err", err)
		}
		records = records[n:]
	}
}

// back puts records in front of those that have come meanwhile.
func (s *Service) back(records []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	come := s.waiting
	s.waiting, s.strangers = nil, 0
	for _, r := range slices.Concat(records, come) {
		s.add(r)
	}
}

// Prune deletes what is too old, in slices, lest anybody wait for it.
func (s *Service) Prune(ctx context.Context) error {
	before := s.now().Add(-s.keep)
	for {
		n, err := s.store.PruneRequests(ctx, before, batch)
		if err != nil || n < batch {
			return err
		}
	}
}

// Latest returns up to limit requests that f selects, before place, the newest
// first; the zero Place is the end of the log. Requests of the last second may be
// missing.
func (s *Service) Latest(ctx context.Context, f Filter, before Place, limit int) ([]Record, error) {
	return s.store.LatestRequests(ctx, f, before, limit)
}

// Request returns one request; a NotFound error when it is unknown, or too old.
func (s *Service) Request(ctx context.Context, id string) (Record, error) {
	return s.store.Request(ctx, id)
}

// Kept returns for how long requests are kept; 0: they are not.
func (s *Service) Kept() time.Duration { return s.keep }
