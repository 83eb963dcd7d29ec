package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

type sweepRow struct {
	DeskID     string `gorm:"primaryKey"`
	NextAt     int64
	LeaseUntil *int64
	AfterID    string
	StartedAt  *int64
	FinishedAt *int64
	Checked    int64
	Drifted    int64
	Problem    string
}

func (sweepRow) TableName() string { return "sweeps" }

func (row sweepRow) sweep() deskhealth.Sweep {
	return deskhealth.Sweep{
		Desk:       provision.DeskID(row.DeskID),
		NextAt:     toTime(row.NextAt),
		LeaseUntil: toTimePtr(row.LeaseUntil),
		After:      provision.AccountID(row.AfterID),
		StartedAt:  toTimePtr(row.StartedAt),
		FinishedAt: toTimePtr(row.FinishedAt),
		Checked:    int(row.Checked),
		Drifted:    int(row.Drifted),
		Problem:    row.Problem,
	}
}

// byDesk is upsert for tables with one row a desk.
func byDesk(db *gorm.DB) *gorm.DB {
	return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "desk_id"}}, UpdateAll: true})
}

// SettledAccounts implements [deskhealth.Store].
func (s *Store) SettledAccounts(ctx context.Context, f deskhealth.SettledFilter) ([]provision.Account, error) {
	query := s.read(ctx).Where("desk_id = ? AND visited >= revision AND lease_until IS NULL", string(f.Desk)).
		Where("state IN (?, ?) AND origin <> ?", string(provision.AccountReady), string(provision.AccountEnded), string(provision.OriginNone)).
		Order("id")
	if f.Users != nil {
		query = query.Where("desk_user <> '' AND desk_user "+s.sql.inList, bindIDs(f.Users))
	}
	if f.After != "" {
		query = query.Where("id > ?", string(f.After))
	}
	if f.Limit > 0 {
		query = query.Limit(f.Limit)
	}
	return findAccounts(query)
}

// Sweep implements [deskhealth.Store].
func (s *Store) Sweep(ctx context.Context, d provision.DeskID) (deskhealth.Sweep, error) {
	var row sweepRow
	if err := s.read(ctx).Where("desk_id = ?", string(d)).Take(&row).Error; err != nil {
		return deskhealth.Sweep{}, translateRead(err, "sweep")
	}
	return row.sweep(), nil
}

// Sweeps implements [deskhealth.Store].
func (s *Store) Sweeps(ctx context.Context) ([]deskhealth.Sweep, error) {
	var rows []sweepRow
	if err := s.read(ctx).Order("desk_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row sweepRow) (deskhealth.Sweep, error) { return row.sweep(), nil })
}

// SaveSweep implements [deskhealth.Store].
func (s *Store) SaveSweep(ctx context.Context, sw deskhealth.Sweep) error {
	row := sweepRow{
		DeskID:     string(sw.Desk),
		NextAt:     fromTime(sw.NextAt),
		LeaseUntil: fromTimePtr(sw.LeaseUntil),
		AfterID:    string(sw.After),
		StartedAt:  fromTimePtr(sw.StartedAt),
		FinishedAt: fromTimePtr(sw.FinishedAt),
		Checked:    int64(sw.Checked),
		Drifted:    int64(sw.Drifted),
		Problem:    sw.Problem,
	}
	return translate(byDesk(s.write(ctx)).Create(&row).Error, "sweep")
}
