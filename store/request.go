package store

import (
	"context"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/request"
)

type requestRow struct {
	ID           string `gorm:"primaryKey"`
	At           int64
	Micros       int64
	ConnectionID string
	Token        string
	Method       string
	Route        string
	Verb         string
	Detail       string
	IdentityID   string
	GroupID      string
	HolderID     string
	Status       int
	Code         string
	Reason       string
	Address      string
	Entries      int
	Accounts     int
}

func (requestRow) TableName() string { return "requests" }

func newRequestRow(r request.Record) (requestRow, error) {
	return requestRow{
		ID: r.ID, At: fromTime(r.At), Micros: r.Took.Microseconds(), ConnectionID: string(r.Connection), Token: r.Token, Method: r.Method, Route: r.Route,
		Verb: string(r.Verb), Detail: written(r.Detail), IdentityID: string(r.Identity), GroupID: string(r.Group), HolderID: string(r.Holder),
		Status: r.Status, Code: r.Code, Reason: written(r.Reason), Address: r.Address, Entries: r.Entries, Accounts: r.Accounts,
	}, nil
}

// written returns text that both databases take, and no more than a few lines of
// it: in the log it is for people.
func written(text string) string {
	const most = 500
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "…")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func (row requestRow) record() (request.Record, error) {
	return request.Record{
		ID: row.ID, At: toTime(row.At), Took: time.Duration(row.Micros) * time.Microsecond, Connection: provision.ConnectionID(row.ConnectionID), Token: row.Token,
		Method: row.Method, Route: row.Route, Verb: request.Verb(row.Verb), Detail: row.Detail, Identity: provision.IdentityID(row.IdentityID),
		Group: provision.GroupID(row.GroupID), Holder: provision.IdentityID(row.HolderID), Status: row.Status, Code: row.Code, Reason: row.Reason,
		Address: row.Address, Entries: row.Entries, Accounts: row.Accounts,
	}, nil
}

// AddRequests implements [request.Store].
func (s *Store) AddRequests(ctx context.Context, records []request.Record) error {
	rows, err := convert(records, newRequestRow)
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *Store) error { return insert(ctx, tx, "request", rows, false) })
}

// LatestRequests implements [request.Store]. Each filter has an index in this
// order; a status or a time only narrows it.
func (s *Store) LatestRequests(ctx context.Context, f request.Filter, before request.Place, limit int) ([]request.Record, error) {
	if checkText("", string(f.Connection)+string(f.Identity)+before.ID) != nil {
		return nil, nil // nothing is called that
	}
	db := s.read(ctx).Order("at DESC, id DESC").Limit(limit)
	if f.Connection != "" {
		db = db.Where("connection_id = ?", string(f.Connection))
	}
	if f.Identity != "" {
		db = db.Where("identity_id = ? AND identity_id <> ''", string(f.Identity))
	}
	if f.Refused || f.Status >= 400 {
		db = db.Where("status >= 400")
	}
	if f.Status != 0 {
		db = db.Where("status = ?", f.Status)
	}
	if !f.Since.IsZero() {
		db = db.Where("at >= ?", fromTime(f.Since))
	}
	if before.ID != "" {
		db = db.Where("(at, id) < (?, ?)", fromTime(before.At), before.ID)
	}
	var rows []requestRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, requestRow.record)
}

// Request implements [request.Store].
func (s *Store) Request(ctx context.Context, id string) (request.Record, error) {
	if err := checkText("", id); err != nil {
		return request.Record{}, provision.Errorf(provision.NotFound, "request", "there is no such request")
	}
	var row requestRow
	if err := s.read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return request.Record{}, translate(err, "request")
	}
	return row.record()
}

// PruneRequests implements [request.Store].
func (s *Store) PruneRequests(ctx context.Context, before time.Time, limit int) (int, error) {
	done := s.write(ctx).Exec(`DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE at < ? ORDER BY at, id LIMIT ?)`, fromTime(before), limit)
	return int(done.RowsAffected), done.Error
}
