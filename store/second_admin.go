package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

type secondAdminRow struct {
	ID       string `gorm:"primaryKey"`
	Kind     string
	Request  string // its key
	Digest   string
	Subject  string
	People   string
	What     string
	Accounts int
	AskedBy  string
	Behind   string
	AskedAt  int64
	UntilAt  int64
}

func (secondAdminRow) TableName() string { return "second_admin_requests" }

func (row secondAdminRow) request() (secondadmin.Request, error) {
	r := secondadmin.Request{ID: secondadmin.RequestID(row.ID), Kind: secondadmin.Kind(row.Kind), Key: row.Request, Digest: row.Digest, Subject: row.Subject,
		What: row.What, Accounts: row.Accounts, By: row.AskedBy, Behind: row.Behind, AskedAt: toTime(row.AskedAt), Until: toTime(row.UntilAt)}
	people, err := fromList(row.People)
	for _, id := range people {
		r.People = append(r.People, provision.IdentityID(id))
	}
	return r, err
}

// APITokenOwner implements [secondadmin.Store].
func (s *Store) APITokenOwner(ctx context.Context, name string) (string, error) {
	var row apiTokenRow
	if err := s.read(ctx).Where("name = ? AND revoked_at IS NULL", name).Take(&row).Error; err != nil {
		return "", translateRead(err, "token")
	}
	if row.IdentityID != "" {
		return "person:" + row.IdentityID, nil
	}
	return row.CreatedBy, nil
}

// LockSecondAdminRequest implements [secondadmin.Store].
func (s *Store) LockSecondAdminRequest(ctx context.Context, key string) (secondadmin.Request, error) {
	var row secondAdminRow
	if err := locked(s.write(ctx)).Where("request = ?", key).Take(&row).Error; err != nil {
		return secondadmin.Request{}, translate(err, "request")
	}
	return row.request()
}

// SecondAdminRequests implements [secondadmin.Store].
func (s *Store) SecondAdminRequests(ctx context.Context) ([]secondadmin.Request, error) {
	var rows []secondAdminRow
	if err := s.read(ctx).Order("asked_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, secondAdminRow.request)
}

// InsertSecondAdminRequest implements [secondadmin.Store].
func (s *Store) InsertSecondAdminRequest(ctx context.Context, r secondadmin.Request) error {
	people := make([]string, len(r.People))
	for i, id := range r.People {
		people[i] = string(id)
	}
	row := secondAdminRow{ID: string(r.ID), Kind: string(r.Kind), Request: r.Key, Digest: r.Digest, Subject: r.Subject, People: toList(people), What: r.What,
		Accounts: r.Accounts, AskedBy: r.By, Behind: r.Behind, AskedAt: fromTime(r.AskedAt), UntilAt: fromTime(r.Until)}
	return translate(s.write(ctx).Create(&row).Error, "request")
}

// DeleteSecondAdminRequest implements [secondadmin.Store].
func (s *Store) DeleteSecondAdminRequest(ctx context.Context, id secondadmin.RequestID) error {
	return missing(s.write(ctx).Where("id = ?", string(id)).Delete(&secondAdminRow{}), "request")
}

type secondAdminNoteRow struct {
	ID      int64 `gorm:"primaryKey;autoIncrement:false"` // 1: there is one
	Needed  int64
	NotedAt int64
}

func (secondAdminNoteRow) TableName() string { return "second_admin" }

// SecondAdminNoted implements [secondadmin.Store].
func (s *Store) SecondAdminNoted(ctx context.Context) (bool, error) {
	var rows []secondAdminNoteRow
	err := s.read(ctx).Where("id = 1").Find(&rows).Error
	return len(rows) > 0 && rows[0].Needed == 1, err
}

// NoteSecondAdmin implements [secondadmin.Store].
func (s *Store) NoteSecondAdmin(ctx context.Context, on bool, at time.Time) error {
	row := secondAdminNoteRow{ID: 1, NotedAt: fromTime(at)}
	if on {
		row.Needed = 1
	}
	return s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&row).Error
}
