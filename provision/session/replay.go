package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// RecordOnce notes in the audit log that action concerns a connection, the first
// time that key is given, until then: however often it is found out, and by
// however many replicas. It reports whether this was the first time. detail
// holds no personal data.
func (s *Service) RecordOnce(ctx context.Context, conn provision.ConnectionID, c provision.Cause, action provision.Action, key string, until time.Time, detail map[string]any) (first bool, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		var err error
		if first, err = tx.Remember(ctx, ReplayKey(conn, key), until); err != nil || !first {
			return err
		}
		entry := s.audit.Entry(c, conn, action, string(conn))
		entry.Detail = detail
		return s.audit.Record(ctx, tx, entry)
	})
	return first, err
}

// Remembered reports whether key was seen by [Service.Remember] or
// [Service.RecordOnce] and has not expired.
func (s *Service) Remembered(ctx context.Context, conn provision.ConnectionID, key string) (bool, error) {
	return s.store.Remembered(ctx, ReplayKey(conn, key), s.now())
}

// ReplayKey is how something that was seen is kept: of no use to whoever reads it.
func ReplayKey(conn provision.ConnectionID, key string) string {
	hash := sha256.Sum256([]byte(string(conn) + "\x00" + key))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}
