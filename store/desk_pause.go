package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

type deskPauseRow struct {
	DeskID  string `gorm:"primaryKey"`
	SinceAt int64
	UntilAt int64
	Reason  string
	MadeBy  string
}

func (deskPauseRow) TableName() string { return "desk_pauses" }

func (row deskPauseRow) pause() (provision.DeskPause, error) {
	return provision.DeskPause{Desk: provision.DeskID(row.DeskID), Since: toTime(row.SinceAt), Until: toTime(row.UntilAt), Reason: row.Reason, By: row.MadeBy}, nil
}

// DeskPauses implements [deskhealth.Store].
func (s *Store) DeskPauses(ctx context.Context) ([]provision.DeskPause, error) {
	var rows []deskPauseRow
	if err := s.read(ctx).Order("desk_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, deskPauseRow.pause)
}

// deskPause returns the pause of a desk; nil when there is none.
func (s *Store) deskPause(ctx context.Context, d provision.DeskID) (*provision.DeskPause, error) {
	var rows []deskPauseRow
	if err := s.read(ctx).Where("desk_id = ?", string(d)).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	p, err := rows[0].pause()
	return &p, err
}

// SaveDeskPause implements [deskhealth.Store].
func (s *Store) SaveDeskPause(ctx context.Context, p provision.DeskPause) error {
	row := deskPauseRow{DeskID: string(p.Desk), SinceAt: fromTime(p.Since), UntilAt: fromTime(p.Until), Reason: p.Reason, MadeBy: p.By}
	return translate(byDesk(s.write(ctx)).Create(&row).Error, "desk pause")
}
