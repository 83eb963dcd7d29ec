package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

type writeRow struct {
	ID         int64 `gorm:"primaryKey"`
	AccountID  string
	Kind       string
	Detail     string
	Note       string
	Tried      bool
	AcceptedAt *int64
}

func (writeRow) TableName() string { return "steps" }

func newWriteRow(st reconcile.Write) (writeRow, error) {
	detail, err := toJSON(st.Detail)
	return writeRow{ID: st.ID, AccountID: string(st.Account), Kind: string(st.Kind), Detail: detail, Note: st.Note,
		Tried: st.Tried, AcceptedAt: fromTimePtr(st.AcceptedAt)}, err
}

func (row writeRow) write() (reconcile.Write, error) {
	st := reconcile.Write{ID: row.ID, Account: provision.AccountID(row.AccountID), Kind: reconcile.WriteKind(row.Kind), Note: row.Note,
		Tried: row.Tried, AcceptedAt: toTimePtr(row.AcceptedAt)}
	if err := decodeJSON(row.Detail, &st.Detail); err != nil {
		return st, fmt.Errorf("store: write %d: %w", row.ID, err)
	}
	return st, nil
}

// JournalWrites implements [reconcile.Store].
func (s *Store) JournalWrites(ctx context.Context, writes []reconcile.Write) ([]reconcile.Write, error) {
	if len(writes) == 0 {
		return nil, nil
	}
	planned := make([]reconcile.Write, len(writes))
	err := s.InTx(ctx, func(tx *Store) error {
		for i, st := range writes {
			st.ID = 0
			row, err := newWriteRow(st)
			if err != nil {
				return err
			}
			if err := tx.write(ctx).Create(&row).Error; err != nil {
				return translate(err, "write")
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

// OpenWrites implements [directory.Store].
func (s *Store) OpenWrites(ctx context.Context, a provision.AccountID) ([]reconcile.Write, error) {
	var rows []writeRow
	if err := s.read(ctx).Where("account_id = ?", string(a)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, writeRow.write)
}

// MarkTried implements [reconcile.Store].
func (s *Store) MarkTried(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.do(ctx, "write", func(db *gorm.DB) *gorm.DB { return db.Model(&writeRow{}).Where("id IN ?", ids).Update("tried", true) })
}

// CloseWrites implements [reconcile.Store]. A closed write is deleted: the
// audit log tells of it.
func (s *Store) CloseWrites(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.do(ctx, "write", func(db *gorm.DB) *gorm.DB { return db.Delete(&writeRow{}, ids) })
}
