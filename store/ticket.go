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

const ticketTable = "tickets"

type ticketRow struct {
	Hash         []byte `gorm:"primaryKey"`
	Kind         string
	ConnectionID string
	Data         string
	ExpiresAt    int64
}

func (ticketRow) TableName() string { return ticketTable }

func (k *keyring) ticket(row ticketRow) (session.OneTimeToken, error) {
	data, err := k.open(row.Data, ticketTable, hex.EncodeToString(row.Hash))
	return session.OneTimeToken{Hash: row.Hash, Kind: session.OneTimeKind(row.Kind), Connection: provision.ConnectionID(row.ConnectionID),
		Data: json.RawMessage(data), ExpiresAt: toTime(row.ExpiresAt)}, err
}

// SaveTicket implements [session.Store].
func (s *Store) SaveTicket(ctx context.Context, t session.OneTimeToken) error {
	data, err := s.keys.seal(string(t.Data), ticketTable, hex.EncodeToString(t.Hash))
	if err != nil {
		return err
	}
	row := ticketRow{Hash: t.Hash, Kind: string(t.Kind), ConnectionID: string(t.Connection), Data: data, ExpiresAt: fromTime(t.ExpiresAt)}
	return translate(s.write(ctx).Create(&row).Error, "ticket")
}

// Ticket implements [session.Store].
func (s *Store) Ticket(ctx context.Context, kind session.OneTimeKind, hash []byte) (session.OneTimeToken, error) {
	var row ticketRow
	if err := s.read(ctx).Where("hash = ? AND kind = ?", hash, string(kind)).Take(&row).Error; err != nil {
		return session.OneTimeToken{}, translate(err, "ticket")
	}
	return s.keys.ticket(row)
}

// TakeTicket implements [session.Store].
func (s *Store) TakeTicket(ctx context.Context, kind session.OneTimeKind, hash []byte) (session.OneTimeToken, error) {
	var rows []ticketRow
	deleted := s.write(ctx).Clauses(clause.Returning{}).Where("hash = ? AND kind = ?", hash, string(kind)).Delete(&rows)
	if deleted.Error != nil {
		return session.OneTimeToken{}, deleted.Error
	}
	if len(rows) == 0 {
		return session.OneTimeToken{}, translate(gorm.ErrRecordNotFound, "ticket")
	}
	return s.keys.ticket(rows[0])
}

type memoryRow struct {
	Key       string `gorm:"primaryKey"`
	ExpiresAt int64
}

func (memoryRow) TableName() string { return "memories" }

// Remember implements [session.Store].
func (s *Store) Remember(ctx context.Context, key string, expires time.Time) (first bool, _ error) {
	row := memoryRow{Key: key, ExpiresAt: fromTime(expires)}
	inserted := s.write(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	return inserted.RowsAffected == 1, inserted.Error
}

// RememberLonger implements [session.Store].
func (s *Store) RememberLonger(ctx context.Context, key string, expires time.Time) error {
	row := memoryRow{Key: key, ExpiresAt: fromTime(expires)}
	later := clause.Set{{Column: clause.Column{Name: "expires_at"},
		Value: gorm.Expr(s.sql.greatest + "(excluded.expires_at, memories.expires_at)")}}
	return s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "key"}}, DoUpdates: later}).Create(&row).Error
}

// Remembered implements [session.Store].
func (s *Store) Remembered(ctx context.Context, key string, now time.Time) (bool, error) {
	var n int64
	err := s.read(ctx).Model(&memoryRow{}).Where("key = ? AND expires_at >= ?", key, fromTime(now)).Count(&n).Error
	return n > 0, err
}

// SweepSignIns implements [session.Store].
func (s *Store) SweepSignIns(ctx context.Context, now, then time.Time) error {
	for _, old := range []struct {
		row  any
		what string
		at   time.Time
	}{
		{&ticketRow{}, "expires_at < ?", now},
		{&memoryRow{}, "expires_at < ?", now},
		{&sessionRow{}, "ends_at < ?", then},
	} {
		if err := s.write(ctx).Where(old.what, fromTime(old.at)).Delete(old.row).Error; err != nil {
			return err
		}
	}
	return nil
}
