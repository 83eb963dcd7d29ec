package store

import (
	"context"
	"encoding/hex"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/breakglass"
)

const adminTable = "owners"

type adminRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Password  string
	Secret    string
	Recovery  string // JSON list of hashes in hex
	LastStep  int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	UsedAt    *int64
}

func (adminRow) TableName() string { return adminTable }

func (k *keyring) admin(row adminRow) (breakglass.Admin, error) {
	o := breakglass.Admin{ID: provision.AdminID(row.ID), Name: row.Name, Password: row.Password, LastStep: row.LastStep,
		CreatedAt: toTime(row.CreatedAt), UsedAt: toTimePtr(row.UsedAt)}
	var err error
	if o.Secret, err = k.open(row.Secret, adminTable, row.ID); err != nil {
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

// LockBreakGlass implements [breakglass.Store].
func (s *Store) LockBreakGlass(ctx context.Context) error {
	return s.advisoryLock(ctx, lockBreakGlass, false)
}

// BreakGlassAdmin implements [breakglass.Store].
func (s *Store) BreakGlassAdmin(ctx context.Context, name string) (breakglass.Admin, error) {
	return s.takeAdmin(s.read(ctx).Where("name = ?", name))
}

// LockBreakGlassAdmin implements [breakglass.Store].
func (s *Store) LockBreakGlassAdmin(ctx context.Context, name string) (breakglass.Admin, error) {
	return s.takeAdmin(locked(s.write(ctx)).Where("name = ?", name))
}

func (s *Store) takeAdmin(db *gorm.DB) (breakglass.Admin, error) {
	var row adminRow
	if err := db.Take(&row).Error; err != nil {
		return breakglass.Admin{}, translateRead(err, "break-glass admin")
	}
	return s.keys.admin(row)
}

// BreakGlassAdmins implements [breakglass.Store].
func (s *Store) BreakGlassAdmins(ctx context.Context) ([]breakglass.Admin, error) {
	var rows []adminRow
	if err := s.read(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.admin)
}

// SaveBreakGlassAdmin implements [breakglass.Store].
func (s *Store) SaveBreakGlassAdmin(ctx context.Context, o breakglass.Admin) error {
	secret, err := s.keys.seal(o.Secret, adminTable, string(o.ID))
	if err != nil {
		return err
	}
	codes := make([]string, len(o.Recovery))
	for i, sum := range o.Recovery {
		codes[i] = hex.EncodeToString(sum)
	}
	row := adminRow{ID: string(o.ID), Name: o.Name, Password: o.Password, Secret: secret, Recovery: toList(codes), LastStep: o.LastStep,
		CreatedAt: fromTime(o.CreatedAt), UsedAt: fromTimePtr(o.UsedAt)}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "break-glass admin")
}

// DeleteBreakGlassAdmin implements [breakglass.Store].
func (s *Store) DeleteBreakGlassAdmin(ctx context.Context, id provision.AdminID) error {
	return missing(s.write(ctx).Where("id = ?", string(id)).Delete(&adminRow{}), "break-glass admin")
}
