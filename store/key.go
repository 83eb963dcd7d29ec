package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
)

const keyTable = "keys"

type keyRow struct {
	ID          string `gorm:"primaryKey"`
	Use         string
	Private     string
	Certificate []byte
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	ActiveAt    int64
	RetiredAt   *int64
}

func (keyRow) TableName() string { return keyTable }

func (k *keyring) key(row keyRow) (settings.Key, error) {
	private, err := k.open(row.Private, keyTable, row.ID)
	return settings.Key{
		ID:          provision.KeyID(row.ID),
		Use:         settings.KeyUse(row.Use),
		Private:     []byte(private),
		Certificate: row.Certificate,
		CreatedAt:   toTime(row.CreatedAt),
		ActiveAt:    toTime(row.ActiveAt),
		RetiredAt:   toTimePtr(row.RetiredAt),
	}, err
}

// Keys implements [settings.Store].
func (s *Store) Keys(ctx context.Context, use settings.KeyUse) ([]settings.Key, error) {
	var rows []keyRow
	if err := s.read(ctx).Where("use = ?", string(use)).Order("id DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.key)
}

// LockKeys implements [settings.Store].
func (s *Store) LockKeys(ctx context.Context) error { return s.advisoryLock(ctx, lockKeys, false) }

// SaveKey implements [settings.Store].
func (s *Store) SaveKey(ctx context.Context, k settings.Key) error {
	private, err := s.keys.seal(string(k.Private), keyTable, string(k.ID))
	if err != nil {
		return err
	}
	row := keyRow{
		ID:          string(k.ID),
		Use:         string(k.Use),
		Private:     private,
		Certificate: k.Certificate,
		CreatedAt:   fromTime(k.CreatedAt),
		ActiveAt:    fromTime(k.ActiveAt),
		RetiredAt:   fromTimePtr(k.RetiredAt),
	}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "key")
}
