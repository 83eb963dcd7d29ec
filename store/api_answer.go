package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision/administration"
)

const answerTable = "api_answers"

type answerRow struct {
	Key       string `gorm:"primaryKey"`
	Request   string
	Status    int
	Body      string
	ExpiresAt int64
}

func (answerRow) TableName() string { return answerTable }

func (k *keyring) newAnswerRow(a administration.Answer) (answerRow, error) {
	body, err := k.seal(a.Body, answerTable, a.Key)
	return answerRow{Key: a.Key, Request: a.Request, Status: a.Status, Body: body, ExpiresAt: fromTime(a.ExpiresAt)}, err
}

// InsertAnswer implements [administration.Store].
func (s *Store) InsertAnswer(ctx context.Context, a administration.Answer) (first bool, _ error) {
	row, err := s.keys.newAnswerRow(a)
	if err != nil {
		return false, err
	}
	inserted := s.write(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	return inserted.RowsAffected == 1, inserted.Error
}

// Answer implements [administration.Store].
func (s *Store) Answer(ctx context.Context, key string) (a administration.Answer, _ error) {
	var row answerRow
	if err := s.read(ctx).Where("key = ?", key).Take(&row).Error; err != nil {
		return a, translate(err, "answer")
	}
	body, err := s.keys.open(row.Body, answerTable, row.Key)
	return administration.Answer{Key: row.Key, Request: row.Request, Status: row.Status, Body: body, ExpiresAt: toTime(row.ExpiresAt)}, err
}

// SaveAnswer implements [administration.Store].
func (s *Store) SaveAnswer(ctx context.Context, a administration.Answer) error {
	row, err := s.keys.newAnswerRow(a)
	if err != nil {
		return err
	}
	return missing(s.write(ctx).Model(&answerRow{}).Where("key = ?", row.Key).Updates(map[string]any{"status": row.Status, "body": row.Body}), "answer")
}

// DeleteAnswer implements [administration.Store].
func (s *Store) DeleteAnswer(ctx context.Context, key string) error {
	return s.write(ctx).Where("key = ?", key).Delete(&answerRow{}).Error
}

// SweepAnswers implements [administration.Store].
func (s *Store) SweepAnswers(ctx context.Context, now time.Time) error {
	return s.write(ctx).Where("expires_at <= ?", fromTime(now)).Delete(&answerRow{}).Error
}
