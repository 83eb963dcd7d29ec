package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
)

type metadataRow struct {
	ConnectionID string `gorm:"primaryKey"`
	URL          string
	Body         []byte
	FetchedAt    int64
	TriedAt      int64
	Problem      string
	Waiting      []byte
}

func (metadataRow) TableName() string { return "metadata" }

// Metadata implements [settings.Store].
func (s *Store) Metadata(ctx context.Context, c provision.ConnectionID) (settings.Metadata, error) {
	var row metadataRow
	if err := s.read(ctx).Where("connection_id = ?", string(c)).Take(&row).Error; err != nil {
		return settings.Metadata{}, translate(err, "metadata")
	}
	return settings.Metadata{Connection: c, URL: row.URL, Body: row.Body, FetchedAt: toTime(row.FetchedAt), TriedAt: toTime(row.TriedAt),
		Problem: row.Problem, Waiting: row.Waiting}, nil
}

// SaveMetadata implements [settings.Store].
func (s *Store) SaveMetadata(ctx context.Context, m settings.Metadata) error {
	row := metadataRow{ConnectionID: string(m.Connection), URL: m.URL, Body: m.Body, FetchedAt: fromTime(m.FetchedAt),
		TriedAt: fromTime(m.TriedAt), Problem: m.Problem, Waiting: m.Waiting}
	if row.Body == nil {
		row.Body = []byte{}
	}
	if row.Waiting == nil {
		row.Waiting = []byte{}
	}
	return translate(s.write(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error, "metadata")
}
