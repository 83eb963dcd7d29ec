package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

type loginRow struct {
	ConnectionID string `gorm:"primaryKey"`
	Protocol     string `gorm:"primaryKey"`
	Issuer       string `gorm:"primaryKey"`
	Subject      string `gorm:"primaryKey"`
	IdentityID   string
	FoundBy      string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	UsedAt       int64
}

func (loginRow) TableName() string { return "logins" }

func (row loginRow) login() (provision.LoginKey, error) {
	return provision.LoginKey{
		Connection: provision.ConnectionID(row.ConnectionID),
		Protocol:   provision.Protocol(row.Protocol),
		Issuer:     row.Issuer,
		Subject:    row.Subject,
		Identity:   provision.IdentityID(row.IdentityID),
		FoundBy:    provision.FoundBy(row.FoundBy),
		CreatedAt:  toTime(row.CreatedAt),
		UsedAt:     toTime(row.UsedAt),
	}, nil
}

// Login implements [signin.Store].
func (s *Store) Login(ctx context.Context, c provision.ConnectionID, p provision.Protocol, issuer, subject string) (provision.LoginKey, error) {
	var row loginRow
	err := s.read(ctx).Where("connection_id = ? AND protocol = ? AND issuer = ? AND subject = ?", string(c), string(p), issuer, subject).Take(&row).Error
	if err != nil {
		return provision.LoginKey{}, translateRead(err, "login")
	}
	return row.login()
}

// LoginsOf implements [directory.Store].
func (s *Store) LoginsOf(ctx context.Context, id provision.IdentityID) ([]provision.LoginKey, error) {
	var rows []loginRow
	if err := s.read(ctx).Where("identity_id = ?", string(id)).Order("created_at, protocol, issuer, subject").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, loginRow.login)
}

// SaveLogin implements [signin.Store].
func (s *Store) SaveLogin(ctx context.Context, l provision.LoginKey) error {
	if err := checkText("subject", l.Subject); err != nil {
		return err
	}
	row := loginRow{
		ConnectionID: string(l.Connection),
		Issuer:       l.Issuer,
		Subject:      l.Subject,
		Protocol:     string(l.Protocol),
		IdentityID:   string(l.Identity),
		FoundBy:      string(l.FoundBy),
		CreatedAt:    fromTime(l.CreatedAt),
		UsedAt:       fromTime(l.UsedAt),
	}
	again := clause.OnConflict{
		Columns:   []clause.Column{{Name: "connection_id"}, {Name: "protocol"}, {Name: "issuer"}, {Name: "subject"}},
		DoUpdates: clause.AssignmentColumns([]string{"identity_id", "found_by", "used_at"}),
	}
	return s.do(ctx, "login", func(db *gorm.DB) *gorm.DB { return db.Clauses(again).Create(&row) })
}

// DeleteLogins implements [directory.Store].
func (s *Store) DeleteLogins(ctx context.Context, f provision.LoginFilter) error {
	if f == (provision.LoginFilter{}) {
		return provision.Errorf(provision.Invalid, "logins", "say whose logins are forgotten")
	}
	db := s.write(ctx)
	for column, value := range map[string]string{
		"identity_id": string(f.Identity), "connection_id": string(f.Connection), "protocol": string(f.Protocol), "issuer": f.Issuer, "subject": f.Subject,
	} {
		if value != "" {
			db = db.Where(column+" = ?", value)
		}
	}
	return db.Delete(&loginRow{}).Error
}
