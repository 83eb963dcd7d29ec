package store

import (
	"context"
	"fmt"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

type driftRow struct {
	AccountID string `gorm:"primaryKey"`
	DeskID    string
	Revision  int64
	FoundAt   int64
	Steps     string
	Reason    string

	IdentityID string `gorm:"->;-:migration"` // of the account, where it is asked for
}

func (driftRow) TableName() string { return "drifts" }

// driftWrite is a write as it stands in a drift.
type driftWrite struct {
	Kind   reconcile.WriteKind `json:"kind"`
	Detail map[string]any      `json:"detail,omitempty"`
}

func newDriftRow(d deskhealth.Drift) (driftRow, error) {
	writes := make([]driftWrite, len(d.Writes))
	for i, st := range d.Writes {
		writes[i] = driftWrite{st.Kind, st.Detail}
	}
	text, err := toJSON(writes)
	return driftRow{AccountID: string(d.Account), DeskID: string(d.Desk), Revision: d.Revision, FoundAt: fromTime(d.FoundAt), Steps: text, Reason: d.Reason}, err
}

func (row driftRow) drift() (deskhealth.Drift, error) {
	d := deskhealth.Drift{Account: provision.AccountID(row.AccountID), Identity: provision.IdentityID(row.IdentityID), Desk: provision.DeskID(row.DeskID), Revision: row.Revision,
		FoundAt: toTime(row.FoundAt), Reason: row.Reason}
	var writes []driftWrite
	if err := decodeJSON(row.Steps, &writes); err != nil {
		return d, fmt.Errorf("store: drift of account %s: %w", row.AccountID, err)
	}
	for _, st := range writes {
		d.Writes = append(d.Writes, reconcile.Write{Account: d.Account, Kind: st.Kind, Detail: st.Detail})
	}
	return d, nil
}

// current leaves out drifts whose account was reconciled since, or is going to be.
const current = `EXISTS (SELECT 1 FROM accounts a WHERE a.id = drifts.account_id AND a.revision = drifts.revision)`

// Drifts implements [deskhealth.Store].
func (s *Store) Drifts(ctx context.Context, f deskhealth.DriftFilter) ([]deskhealth.Drift, error) {
	query := s.read(ctx).Select("drifts.*, (SELECT a.identity_id FROM accounts a WHERE a.id = drifts.account_id) AS identity_id").Where(current).Order("account_id")
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

// CountDrifts implements [deskhealth.Store].
func (s *Store) CountDrifts(ctx context.Context) (map[provision.DeskID]int, error) {
	return countByDesk(s.read(ctx).Model(&driftRow{}).Where(current))
}

// SaveDrift implements [deskhealth.Store].
func (s *Store) SaveDrift(ctx context.Context, d deskhealth.Drift) error {
	row, err := newDriftRow(d)
	if err != nil {
		return err
	}
	saved := s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "account_id"}}, UpdateAll: true}).Create(&row)
	return translate(saved.Error, "drift")
}

// DeleteDrift implements [deskhealth.Store].
func (s *Store) DeleteDrift(ctx context.Context, a provision.AccountID) error {
	return s.write(ctx).Where("account_id = ?", string(a)).Delete(&driftRow{}).Error
}
