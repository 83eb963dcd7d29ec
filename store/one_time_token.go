package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
)

const oneTimeTable = "tickets"

type oneTimeRow struct {
	Hash         []byte `gorm:"primaryKey"`
	Kind         string
	ConnectionID string
	Data         string
	ExpiresAt    int64
}

func (oneTimeRow) TableName() string { return oneTimeTable }

func (k *keyring) oneTimeToken(row oneTimeRow) (session.OneTimeToken, error) {
	data, err := k.open(row.Data, oneTimeTable, hex.EncodeToString(row.Hash))
	return session.OneTimeToken{Hash: row.Hash, Kind: session.OneTimeKind(row.Kind), Connection: provision.ConnectionID(row.ConnectionID),
		Data: json.RawMessage(data), ExpiresAt: toTime(row.ExpiresAt)}, err
}

// SaveOneTimeToken implements [session.Store].
func (s *Store) SaveOneTimeToken(ctx context.Context, t session.OneTimeToken) error {
	data, err := s.keys.seal(string(t.Data), oneTimeTable, hex.EncodeToString(t.Hash))
	if err != nil {
		return err
	}
	row := oneTimeRow{Hash: t.Hash, Kind: string(t.Kind), ConnectionID: string(t.Connection), Data: data, ExpiresAt: fromTime(t.ExpiresAt)}
	return translate(s.write(ctx).Create(&row).Error, "one-time token")
}

// OneTimeToken implements [session.Store].
func (s *Store) OneTimeToken(ctx context.Context, kind session.OneTimeKind, hash []byte) (session.OneTimeToken, error) {
	var row oneTimeRow
	if err := s.read(ctx).Where("hash = ? AND kind = ?", hash, string(kind)).Take(&row).Error; err != nil {
		return session.OneTimeToken{}, translate(err, "one-time token")
	}
	return s.keys.oneTimeToken(row)
}

// TakeOneTimeToken implements [session.Store].
func (s *Store) TakeOneTimeToken(ctx context.Context, kind session.OneTimeKind, hash []byte) (session.OneTimeToken, error) {
	var rows []oneTimeRow
	deleted := s.write(ctx).Clauses(clause.Returning{}).Where("hash = ? AND kind = ?", hash, string(kind)).Delete(&rows)
	if deleted.Error != nil {
		return session.OneTimeToken{}, deleted.Error
	}
	if len(rows) == 0 {
		return session.OneTimeToken{}, translate(gorm.ErrRecordNotFound, "one-time token")
	}
	return s.keys.oneTimeToken(rows[0])
}

type replayRow struct {
	Key       string `gorm:"primaryKey"`
	ExpiresAt int64
}

func (replayRow) TableName() string { return "memories" }

// Remember implements [session.Store].
func (s *Store) Remember(ctx context.Context, key string, expires time.Time) (first bool, _ error) {
	row := replayRow{Key: key, ExpiresAt: fromTime(expires)}
	inserted := s.write(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	return inserted.RowsAffected == 1, inserted.Error
}

// RememberLonger implements [session.Store].
func (s *Store) RememberLonger(ctx context.Context, key string, expires time.Time) error {
	row := replayRow{Key: key, ExpiresAt: fromTime(expires)}
	later := clause.Set{{Column: clause.Column{Name: "expires_at"},
		Value: gorm.Expr(s.sql.greatest + "(excluded.expires_at, memories.expires_at)")}}
	return s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "key"}}, DoUpdates: later}).Create(&row).Error
}

// Remembered implements [session.Store].
func (s *Store) Remembered(ctx context.Context, key string, now time.Time) (bool, error) {
	var n int64
	err := s.read(ctx).Model(&replayRow{}).Where("key = ? AND expires_at >= ?", key, fromTime(now)).Count(&n).Error
	return n > 0, err
}

// SweepSignIns implements [session.Store].
func (s *Store) SweepSignIns(ctx context.Context, now, then time.Time) error {
	for _, old := range []struct {
		row  any
		what string
		at   time.Time
	}{
		{&oneTimeRow{}, "expires_at < ?", now},
		{&replayRow{}, "expires_at < ?", now},
		{&sessionRow{}, "ends_at < ?", then},
	} {
		if err := s.write(ctx).Where(old.what, fromTime(old.at)).Delete(old.row).Error; err != nil {
			return err
		}
	}
	return nil
}
