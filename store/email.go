package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

// emailRow is one address of a person, for looking people up by address.
// Those of removed people stay, so that an admin finds these too.
type emailRow struct {
	IdentityID   string `gorm:"primaryKey"`
	Position     int64  `gorm:"primaryKey;autoIncrement:false"`
	ConnectionID string
	Value        string
	ValueFolded  string
	Type         string
	IsPrimary    bool
}

func (emailRow) TableName() string { return "identity_emails" }

func newEmailRows(id provision.Identity) []emailRow {
	rows := make([]emailRow, len(id.Emails))
	for i, e := range id.Emails {
		rows[i] = emailRow{
			IdentityID:   string(id.ID),
			Position:     int64(i),
			ConnectionID: string(id.Connection),
			Value:        e.Value,
			ValueFolded:  provision.Fold(e.Value),
			Type:         e.Type,
			IsPrimary:    e.Primary,
		}
	}
	return rows
}

func (s *Store) insertEmails(ctx context.Context, id provision.Identity) error {
	return insert(ctx, s, "user", newEmailRows(id), false)
}

// saveEmails replaces the addresses of a person when they have changed.
func (s *Store) saveEmails(ctx context.Context, id provision.Identity) error {
	before, known := s.lockedEmails(id)
	if !known {
		var stored []emailRow
		if err := s.write(ctx).Where("identity_id = ?", string(id.ID)).Order("position").Find(&stored).Error; err != nil {
			return err
		}
		if slices.Equal(stored, newEmailRows(id)) {
			return nil
		}
	}
	if known && slices.Equal(before, id.Emails) {
		return nil
	}
	err := s.do(ctx, "user", func(db *gorm.DB) *gorm.DB {
		return db.Where("identity_id = ?", string(id.ID)).Delete(&emailRow{})
	})
	if err != nil {
		return err
	}
	return s.insertEmails(ctx, id)
}
