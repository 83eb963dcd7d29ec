package store

import (
	"context"
	"encoding/hex"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/breakglass"
)

const ownerTable = "owners"

type ownerRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Password  string
	Secret    string
	Recovery  string // JSON list of hashes in hex
	LastStep  int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	UsedAt    *int64
}

func (ownerRow) TableName() string { return ownerTable }

func (k *keyring) owner(row ownerRow) (breakglass.Admin, error) {
	o := breakglass.Admin{ID: provision.AdminID(row.ID), Name: row.Name, Password: row.Password, LastStep: row.LastStep,
		CreatedAt: toTime(row.CreatedAt), UsedAt: toTimePtr(row.UsedAt)}
	var err error
	if o.Secret, err = k.open(row.Secret, ownerTable, row.ID); err != nil {
		return o, err
	}
	codes, err := fromList(row.Recovery)
	if err != nil {
		return o, err
	}
	for _, code := range codes {
		sum, err := hex.DecodeString(code)
		if err != nil {
			return o, err
		}
		o.Recovery = append(o.Recovery, sum)
	}
	return o, nil
}

// Owner implements [breakglass.Store].
func (s *Store) Owner(ctx context.Context, name string) (breakglass.Admin, error) {
	return s.takeOwner(s.read(ctx).Where("name = ?", name))
}

// LockOwner implements [breakglass.Store].
func (s *Store) LockOwner(ctx context.Context, name string) (breakglass.Admin, error) {
	return s.takeOwner(locked(s.write(ctx)).Where("name = ?", name))
}

func (s *Store) takeOwner(db *gorm.DB) (breakglass.Admin, error) {
	var row ownerRow
	if err := db.Take(&row).Error; err != nil {
		return breakglass.Admin{}, translateRead(err, "owner")
	}
	return s.keys.owner(row)
}

// Owners implements [breakglass.Store].
func (s *Store) Owners(ctx context.Context) ([]breakglass.Admin, error) {
	var rows []ownerRow
	if err := s.read(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.owner)
}

// SaveOwner implements [breakglass.Store].
func (s *Store) SaveOwner(ctx context.Context, o breakglass.Admin) error {
	secret, err := s.keys.seal(o.Secret, ownerTable, string(o.ID))
	if err != nil {
		return err
	}
	codes := make([]string, len(o.Recovery))
	for i, sum := range o.Recovery {
		codes[i] = hex.EncodeToString(sum)
	}
	row := ownerRow{ID: string(o.ID), Name: o.Name, Password: o.Password, Secret: secret, Recovery: toList(codes), LastStep: o.LastStep,
		CreatedAt: fromTime(o.CreatedAt), UsedAt: fromTimePtr(o.UsedAt)}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "owner")
}

// DeleteOwner implements [breakglass.Store].
func (s *Store) DeleteOwner(ctx context.Context, id provision.AdminID) error {
	return missing(s.write(ctx).Where("id = ?", string(id)).Delete(&ownerRow{}), "owner")
}
