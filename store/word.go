package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

type wordRow struct {
	AccountID string `gorm:"primaryKey"`
	DeskID    string
	Shown     string
	Email     string
	SaidBy    string
	SaidAt    int64
	EndedAt   *int64
	AskedAt   *int64
}

func (wordRow) TableName() string { return "admin_words" }

func newWordRow(w provision.Word) (row wordRow, err error) {
	row = wordRow{AccountID: string(w.Account), DeskID: string(w.Desk), SaidBy: w.By, SaidAt: fromTime(w.At), EndedAt: fromTimePtr(w.EndedAt), AskedAt: fromTimePtr(w.AskedAt)}
	if w.Shown != nil {
		row.Email = provision.Fold(w.Shown.Email)
		row.Shown, err = toJSON(w.Shown)
	}
	return row, err
}

func (row wordRow) word() (provision.Word, error) {
	w := provision.Word{Account: provision.AccountID(row.AccountID), Desk: provision.DeskID(row.DeskID), By: row.SaidBy, At: toTime(row.SaidAt), EndedAt: toTimePtr(row.EndedAt), AskedAt: toTimePtr(row.AskedAt)}
	if row.Shown != "" {
		w.Shown = &provision.DeskUser{}
		if err := decodeJSON(row.Shown, w.Shown); err != nil {
			return w, fmt.Errorf("store: word about account %s: %w", row.AccountID, err)
		}
	}
	return w, nil
}

func takeWord(db *gorm.DB) (provision.Word, error) {
	var row wordRow
	if err := db.Take(&row).Error; err != nil {
		return provision.Word{}, translateRead(err, "word")
	}
	return row.word()
}

// Word implements [byhand.Store].
func (s *Store) Word(ctx context.Context, id provision.AccountID) (provision.Word, error) {
	return takeWord(s.read(ctx).Where("account_id = ?", string(id)))
}

// WordOf implements [byhand.Store].
func (s *Store) WordOf(ctx context.Context, d provision.DeskID, email string) (provision.Word, error) {
	return takeWord(s.read(ctx).Where("desk_id = ? AND email = ? AND email <> ''", string(d), provision.Fold(email)).Order("account_id").Limit(1))
}

// SaveWord implements [byhand.Store].
func (s *Store) SaveWord(ctx context.Context, w provision.Word) error {
	return s.saveWord(ctx, w, clause.OnConflict{Columns: []clause.Column{{Name: "account_id"}}, UpdateAll: true})
}

// AskWord implements [byhand.Store].
func (s *Store) AskWord(ctx context.Context, w provision.Word) error {
	return s.saveWord(ctx, w, clause.OnConflict{Columns: []clause.Column{{Name: "account_id"}}, DoUpdates: clause.AssignmentColumns([]string{"asked_at"}),
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "admin_words.asked_at IS NULL"}}}})
}

func (s *Store) saveWord(ctx context.Context, w provision.Word, conflict clause.OnConflict) error {
	row, err := newWordRow(w)
	if err != nil {
		return err
	}
	return translate(s.write(ctx).Clauses(conflict).Create(&row).Error, "word")
}
