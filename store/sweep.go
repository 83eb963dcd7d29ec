package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
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

func (row sweepRow) sweep() provision.Sweep {
	return provision.Sweep{
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

// SettledAccounts implements [provision.Sweeps].
func (s *Store) SettledAccounts(ctx context.Context, f provision.SettledFilter) ([]provision.Account, error) {
	query := s.read(ctx).Where("desk_id = ? AND visited >= revision AND lease_until IS NULL", string(f.Desk)).
		Where("state IN (?, ?) AND origin <> ?", string(provision.AccountReady), string(provision.AccountEnded), string(provision.OriginNone)).
		Order("id")
	if f.Users != nil {
		query = query.Where("desk_user <> '' AND desk_user IN ("+s.sql.list+")", bindIDs(f.Users))
	}
	if f.After != "" {
		query = query.Where("id > ?", string(f.After))
	}
	if f.Limit > 0 {
		query = query.Limit(f.Limit)
	}
	return findAccounts(query)
}

// Sweep implements [provision.Sweeps].
func (s *Store) Sweep(ctx context.Context, d provision.DeskID) (provision.Sweep, error) {
	var row sweepRow
	if err := s.read(ctx).Where("desk_id = ?", string(d)).Take(&row).Error; err != nil {
		return provision.Sweep{}, translateRead(err, "sweep")
	}
	return row.sweep(), nil
}

// Sweeps implements [provision.Sweeps].
func (s *Store) Sweeps(ctx context.Context) ([]provision.Sweep, error) {
	var rows []sweepRow
	if err := s.read(ctx).Order("desk_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row sweepRow) (provision.Sweep, error) { return row.sweep(), nil })
}

// SaveSweep implements [provision.Sweeps].
func (s *Store) SaveSweep(ctx context.Context, sw provision.Sweep) error {
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

type pauseRow struct {
	DeskID  string `gorm:"primaryKey"`
	SinceAt int64
	UntilAt int64
	Reason  string
}

func (pauseRow) TableName() string { return "pauses" }

// Pauses implements [provision.Sweeps].
func (s *Store) Pauses(ctx context.Context) ([]provision.Pause, error) {
	var rows []pauseRow
	if err := s.read(ctx).Order("desk_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row pauseRow) (provision.Pause, error) {
		return provision.Pause{Desk: provision.DeskID(row.DeskID), Since: toTime(row.SinceAt), Until: toTime(row.UntilAt), Reason: row.Reason}, nil
	})
}

// SavePause implements [provision.Sweeps].
func (s *Store) SavePause(ctx context.Context, p provision.Pause) error {
	row := pauseRow{DeskID: string(p.Desk), SinceAt: fromTime(p.Since), UntilAt: fromTime(p.Until), Reason: p.Reason}
	return translate(byDesk(s.write(ctx)).Create(&row).Error, "pause")
}

// DeletePause implements [provision.Sweeps].
func (s *Store) DeletePause(ctx context.Context, d provision.DeskID) error {
	return s.write(ctx).Where("desk_id = ?", string(d)).Delete(&pauseRow{}).Error
}

type driftRow struct {
	AccountID string `gorm:"primaryKey"`
	DeskID    string
	Revision  int64
	FoundAt   int64
	Steps     string
	Reason    string
}

func (driftRow) TableName() string { return "drifts" }

// driftStep is a step as it stands in a drift.
type driftStep struct {
	Kind   provision.StepKind `json:"kind"`
	Detail map[string]any     `json:"detail,omitempty"`
}

func newDriftRow(d provision.Drift) (driftRow, error) {
	steps := make([]driftStep, len(d.Steps))
	for i, st := range d.Steps {
		steps[i] = driftStep{st.Kind, st.Detail}
	}
	text, err := toJSON(steps)
	return driftRow{AccountID: string(d.Account), DeskID: string(d.Desk), Revision: d.Revision, FoundAt: fromTime(d.FoundAt), Steps: text, Reason: d.Reason}, err
}

func (row driftRow) drift() (provision.Drift, error) {
	d := provision.Drift{Account: provision.AccountID(row.AccountID), Desk: provision.DeskID(row.DeskID), Revision: row.Revision,
		FoundAt: toTime(row.FoundAt), Reason: row.Reason}
	var steps []driftStep
	if err := decodeJSON(row.Steps, &steps); err != nil {
		return d, fmt.Errorf("store: drift of account %s: %w", row.AccountID, err)
	}
	for _, st := range steps {
		d.Steps = append(d.Steps, provision.Step{Account: d.Account, Kind: st.Kind, Detail: st.Detail})
	}
	return d, nil
}

// current leaves out drifts whose account was visited since, or is going to be.
const current = `EXISTS (SELECT 1 FROM accounts a WHERE a.id = drifts.account_id AND a.revision = drifts.revision)`

// Drifts implements [provision.Sweeps].
func (s *Store) Drifts(ctx context.Context, f provision.DriftFilter) ([]provision.Drift, error) {
	query := s.read(ctx).Where(current).Order("account_id")
	if f.Account != "" {
		query = query.Where("account_id = ?", string(f.Account))
	}
	if f.Desk != "" {
		query = query.Where("desk_id = ?", string(f.Desk))
	}
	var rows []driftRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, driftRow.drift)
}

// CountDrifts implements [provision.Sweeps].
func (s *Store) CountDrifts(ctx context.Context) (map[provision.DeskID]int, error) {
	var rows []struct {
		DeskID provision.DeskID
		N      int
	}
	err := s.read(ctx).Raw(`SELECT desk_id, count(*) AS n FROM drifts WHERE ` + current + ` GROUP BY desk_id`).Scan(&rows).Error
	counts := make(map[provision.DeskID]int, len(rows))
	for _, r := range rows {
		counts[r.DeskID] = r.N
	}
	return counts, err
}

// SaveDrift implements [provision.Sweeps].
func (s *Store) SaveDrift(ctx context.Context, d provision.Drift) error {
	row, err := newDriftRow(d)
	if err != nil {
		return err
	}
	saved := s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "account_id"}}, UpdateAll: true}).Create(&row)
	return translate(saved.Error, "drift")
}

// DeleteDrift implements [provision.Sweeps].
func (s *Store) DeleteDrift(ctx context.Context, a provision.AccountID) error {
	return s.write(ctx).Where("account_id = ?", string(a)).Delete(&driftRow{}).Error
}
