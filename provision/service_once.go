package provision

import (
	"context"
	"time"
)

// RecordOnce notes in the audit log that action concerns a connection, the first
// time that key is given, until then: however often it is found out, and by
// however many replicas. It reports whether this was the first time. detail
// holds no personal data.
func (s *Service) RecordOnce(ctx context.Context, conn ConnectionID, c Cause, action, key string, until time.Time, detail map[string]any) (first bool, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		var err error
		if first, err = tx.Remember(ctx, memory(conn, key), until); err != nil || !first {
			return err
		}
		entry := s.entry(c, conn, action, string(conn))
		entry.Detail = detail
		return s.record(ctx, tx, entry)
	})
	return first, err
}

// Remembered reports whether key was seen by [Service.Remember] or
// [Service.RecordOnce] and has not expired.
func (s *Service) Remembered(ctx context.Context, conn ConnectionID, key string) (bool, error) {
	return s.store.Remembered(ctx, memory(conn, key), s.now())
}
