package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

type paceRow struct {
	DeskID         string `gorm:"primaryKey"`
	Slot           int64  `gorm:"primaryKey;autoIncrement:false"`
	Whole          bool
	EndingRequests int64
	EndingRuns     int64
	OtherRequests  int64
	OtherRuns      int64
}

func (paceRow) TableName() string { return "desk_paces" }

// slotOf is the number of the slot that a moment is in.
func slotOf(at time.Time) int64 { return at.Unix() / int64(deskhealth.PaceSlot/time.Second) }

// ToDo implements [deskhealth.PaceStore]. Who loses something is told by the queue, which has
// the order.
func (s *Store) ToDo(ctx context.Context) (map[provision.DeskID]deskhealth.Work, error) {
	var rows []struct {
		DeskID  provision.DeskID
		N       int
		Leavers int
	}
	err := s.read(ctx).Model(&accountRow{}).Where("visited < revision").
		Where("state = ? AND (retry_at IS NULL OR reason_code IN ?)", string(provision.AccountWaiting), []provision.ReasonCode{provision.ReasonDeskPaused, provision.ReasonHandingOver}).
		Select("desk_id, count(*) AS n, count(ending_since) AS leavers").Group("desk_id").Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var losing []struct {
		Queue string
		N     int
	}
	err = s.read(ctx).Raw(`SELECT queue, count(*) AS n FROM river_job WHERE state = 'available' AND priority = ? GROUP BY queue`, priorities[provision.TurnLosing]).Scan(&losing).Error
	if err != nil {
		return nil, err
	}
	todo := make(map[provision.DeskID]deskhealth.Work, len(rows))
	for _, r := range rows {
		w := deskhealth.Work{Leavers: r.Leavers, Others: r.N - r.Leavers}
		for _, l := range losing {
			if l.Queue == r.DeskID.Queue() {
				w.Losing = min(l.N, w.Others)
				w.Others -= w.Losing
			}
		}
		todo[r.DeskID] = w
	}
	return todo, nil
}

// Paces implements [deskhealth.PaceStore].
func (s *Store) Paces(ctx context.Context, since time.Time) ([]deskhealth.PaceOf, error) {
	var rows []paceRow
	if err := s.read(ctx).Where("slot >= ?", slotOf(since)).Order("desk_id, slot").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row paceRow) (deskhealth.PaceOf, error) {
		return deskhealth.PaceOf{Desk: provision.DeskID(row.DeskID), Slot: time.Unix(row.Slot*int64(deskhealth.PaceSlot/time.Second), 0).UTC(), Whole: row.Whole,
			Ending: deskhealth.Spent{Requests: int(row.EndingRequests), Runs: int(row.EndingRuns)},
			Other:  deskhealth.Spent{Requests: int(row.OtherRequests), Runs: int(row.OtherRuns)}}, nil
	})
}

// AddPaces implements [deskhealth.PaceStore].
func (s *Store) AddPaces(ctx context.Context, done []deskhealth.PaceOf, before time.Time) error {
	sums := map[string]any{"whole": gorm.Expr("desk_paces.whole OR excluded.whole")}
	for _, column := range []string{"ending_requests", "ending_runs", "other_requests", "other_runs"} {
		sums[column] = gorm.Expr("desk_paces." + column + " + excluded." + column)
	}
	for _, d := range done {
		row := paceRow{DeskID: string(d.Desk), Slot: slotOf(d.Slot), Whole: d.Whole, EndingRequests: int64(d.Ending.Requests), EndingRuns: int64(d.Ending.Runs),
			OtherRequests: int64(d.Other.Requests), OtherRuns: int64(d.Other.Runs)}
		err := s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "desk_id"}, {Name: "slot"}}, DoUpdates: clause.Assignments(sums)}).Create(&row).Error
		if err != nil {
			return translate(err, "pace")
		}
	}
	return s.write(ctx).Where("slot < ?", slotOf(before)).Delete(&paceRow{}).Error
}
