package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

type pauseRow struct {
	DeskID  string `gorm:"primaryKey"`
	SinceAt int64
	UntilAt int64
	Reason  string

	ReasonCode string
}

func (pauseRow) TableName() string { return "pauses" }

// Pauses implements [deskhealth.Store].
func (s *Store) Pauses(ctx context.Context) ([]deskhealth.Pause, error) {
	var rows []pauseRow
	if err := s.read(ctx).Order("desk_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row pauseRow) (deskhealth.Pause, error) {
		return deskhealth.Pause{Desk: provision.DeskID(row.DeskID), Since: toTime(row.SinceAt), Until: toTime(row.UntilAt), Reason: row.Reason, Code: provision.ReasonCode(row.ReasonCode)}, nil
	})
}

// SavePause implements [deskhealth.Store].
func (s *Store) SavePause(ctx context.Context, p deskhealth.Pause) error {
	row := pauseRow{DeskID: string(p.Desk), SinceAt: fromTime(p.Since), UntilAt: fromTime(p.Until), Reason: p.Reason, ReasonCode: string(p.Code)}
	return translate(byDesk(s.write(ctx)).Create(&row).Error, "pause")
}

// DeletePause implements [deskhealth.Store].
func (s *Store) DeletePause(ctx context.Context, d provision.DeskID) error {
	return s.write(ctx).Where("desk_id = ?", string(d)).Delete(&pauseRow{}).Error
}
