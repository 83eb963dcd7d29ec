package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

type stepRow struct {
	ID        int64 `gorm:"primaryKey"`
	AccountID string
	Kind      string
	Detail    string
	Note      string
}

func (stepRow) TableName() string { return "steps" }

func newStepRow(st reconcile.Write) (stepRow, error) {
	detail, err := toJSON(st.Detail)
	return stepRow{ID: st.ID, AccountID: string(st.Account), Kind: string(st.Kind), Detail: detail, Note: st.Note}, err
}

func (row stepRow) step() (reconcile.Write, error) {
	st := reconcile.Write{ID: row.ID, Account: provision.AccountID(row.AccountID), Kind: reconcile.WriteKind(row.Kind), Note: row.Note}
	if err := decodeJSON(row.Detail, &st.Detail); err != nil {
		return st, fmt.Errorf("store: step %d: %w", row.ID, err)
	}
	return st, nil
}

// PlanSteps implements [reconcile.Store].
func (s *Store) PlanSteps(ctx context.Context, steps []reconcile.Write) ([]reconcile.Write, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	planned := make([]reconcile.Write, len(steps))
	err := s.InTx(ctx, func(tx *Store) error {
		for i, st := range steps {
			st.ID = 0
			row, err := newStepRow(st)
			if err != nil {
				return err
			}
			if err := tx.write(ctx).Create(&row).Error; err != nil {
				return translate(err, "step")
			}
			st.ID = row.ID
			planned[i] = st
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return planned, nil
}

// OpenSteps implements [directory.Store].
func (s *Store) OpenSteps(ctx context.Context, a provision.AccountID) ([]reconcile.Write, error) {
	var rows []stepRow
	if err := s.read(ctx).Where("account_id = ?", string(a)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, stepRow.step)
}

// CloseSteps implements [reconcile.Store]. A closed step is deleted: the
// audit log tells of it.
func (s *Store) CloseSteps(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.do(ctx, "step", func(db *gorm.DB) *gorm.DB { return db.Delete(&stepRow{}, ids) })
}
