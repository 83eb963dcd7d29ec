package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

type auditRow struct {
	ID           int64 `gorm:"primaryKey"`
	At           int64
	ConnectionID string
	Actor        string
	Operation    string
	Request      string
	Action       string
	Subject      string
	DeskID       string
	AccountID    string
	Detail       string
	Seal         *int64
	Hash         []byte
}

func (auditRow) TableName() string { return "audit" }

func newAuditRow(e provision.Entry) (auditRow, error) {
	detail, err := detailJSON(e.Detail)
	row := auditRow{
		ID:           e.ID,
		At:           fromTime(e.At),
		ConnectionID: string(e.Connection),
		Actor:        e.Cause.Actor,
		Operation:    e.Cause.Action,
		Request:      e.Cause.Request,
		Action:       string(e.Action),
		Subject:      e.Subject,
		DeskID:       string(e.Desk),
		AccountID:    string(e.Account),
		Detail:       detail,
		Hash:         e.Hash,
	}
	if e.Seal != 0 {
		row.Seal = &e.Seal
	}
	return row, err
}

func (row auditRow) entry() (provision.Entry, error) {
	e := provision.Entry{
		ID:         row.ID,
		At:         toTime(row.At),
		Connection: provision.ConnectionID(row.ConnectionID),
		Cause:      provision.Cause{Actor: row.Actor, Action: row.Operation, Request: row.Request},
		Action:     provision.Action(row.Action),
		Subject:    row.Subject,
		Desk:       provision.DeskID(row.DeskID),
		Account:    provision.AccountID(row.AccountID),
		Hash:       row.Hash,
	}
	if row.Seal != nil {
		e.Seal = *row.Seal
	}
	if err := decodeJSON(row.Detail, &e.Detail); err != nil {
		return e, fmt.Errorf("store: audit entry %d: %w", row.ID, err)
	}
	return e, nil
}

// Append implements [audit.Appender]. Ids are the store's to give, and seals
// those of blocks: what entries say of them is ignored.
func (s *Store) Append(ctx context.Context, entries ...provision.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	rows, err := convert(entries, func(e provision.Entry) (auditRow, error) {
		e.ID, e.Seal, e.Hash = 0, 0, nil
		return newAuditRow(e)
	})
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *Store) error { return insert(ctx, tx, "audit entry", rows, false) })
}

// Entries implements [audit.Store].
func (s *Store) Entries(ctx context.Context, after int64, limit int) ([]provision.Entry, error) {
	return findEntries(s.read(ctx).Where("id > ?", after).Order("id").Limit(limit))
}

func findEntries(db *gorm.DB) ([]provision.Entry, error) {
	var rows []auditRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, auditRow.entry)
}

// FindEntries implements [audit.Store].
func (s *Store) FindEntries(ctx context.Context, f audit.Filter, after audit.Place, limit int) ([]provision.Entry, error) {
	if checkText("", f.Subject+f.Request) != nil {
		return nil, nil
	}
	return findEntries(s.auditWhere(ctx, f, after, limit))
}

// LatestEntries implements [audit.Store].
func (s *Store) LatestEntries(ctx context.Context, f audit.Filter, before audit.Place, limit int) ([]provision.Entry, error) {
	if checkText("", f.Subject+f.Request) != nil {
		return nil, nil
	}
	db := s.selectedEntries(ctx, f).Order("at DESC, id DESC").Limit(limit)
	if before.ID > 0 {
		db = db.Where("(at, id) < (?, ?)", fromTime(before.At), before.ID)
	}
	return findEntries(db)
}

// auditWhere is the query of [Store.FindEntries]: its order is that of the
// indexes.
func (s *Store) auditWhere(ctx context.Context, f audit.Filter, after audit.Place, limit int) *gorm.DB {
	db := s.selectedEntries(ctx, f).Order("at, id").Limit(limit)
	if after.ID > 0 {
		db = db.Where("(at, id) > (?, ?)", fromTime(after.At), after.ID)
	}
	return db
}

// selectedEntries selects entries.
func (s *Store) selectedEntries(ctx context.Context, f audit.Filter) *gorm.DB {
	db := s.read(ctx)
	if f.Subject != "" {
		db = db.Where("subject = ?", f.Subject)
	}
	if f.Request != "" {
		db = db.Where("request = ?", f.Request)
	}
	if len(f.Actions) > 0 {
		db = db.Where("action IN ?", f.Actions)
	}
	if !f.Since.IsZero() {
		db = db.Where("at >= ?", fromTime(f.Since))
	}
	if !f.Until.IsZero() {
		db = db.Where("at < ?", fromTime(f.Until))
	}
	return db
}

// Refusals implements [audit.Store].
func (s *Store) Refusals(ctx context.Context, reference string) ([]provision.Entry, error) {
	if checkText("", reference) != nil {
		return nil, nil
	}
	return findEntries(s.read(ctx).Where("action = 'login.refused' AND subject = ?", reference).Order("id").Limit(20))
}

// detailJSON returns the detail of an entry as it is stored and hashed: JSON with
// sorted keys, those of the structs in it too, so that whoever has read an export
// can write the same text. It judges nothing: an entry that cannot be written
// would keep the change that it tells of from being made.
func detailJSON(detail map[string]any) (string, error) {
	text, err := toJSON(detail)
	if err != nil || sorted(reflect.ValueOf(detail)) {
		return text, err
	}
	var again any
	if err := decodeJSON(text, &again); err != nil {
		return "", fmt.Errorf("store: audit: %w", err)
	}
	return toJSON(again)
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// writesItself reports whether values of a type say themselves what their JSON is.
func writesItself(t reflect.Type) bool {
	return t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)
}

// sorted reports whether JSON of v has sorted keys whatever v holds: there is no
// struct in it, whose fields come as they are declared, and nothing that writes
// itself.
func sorted(v reflect.Value) bool {
	if v.IsValid() && writesItself(v.Type()) {
		return false
	}
	switch v.Kind() {
	case reflect.Interface:
		return v.IsNil() || sorted(v.Elem())
	case reflect.Struct, reflect.Pointer:
		return false
	case reflect.Map:
		for _, e := range v.Seq2() {
			if !sorted(e) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		if writesItself(v.Type().Elem()) {
			return false
		}
		switch v.Type().Elem().Kind() {
		case reflect.Struct, reflect.Pointer:
			return false
		case reflect.Interface, reflect.Map, reflect.Slice:
			for _, e := range v.Seq2() {
				if !sorted(e) {
					return false
				}
			}
		}
	}
	return true
}
