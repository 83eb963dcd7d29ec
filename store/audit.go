package store

import (
	"context"
	"encoding/hex"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
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
	detail, err := toJSON(e.Detail)
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

// Append implements [audit.Appender]. Ids and seals are the store's to
// give: those of entries are ignored.
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

// Unsealed implements [audit.Store].
func (s *Store) Unsealed(ctx context.Context, limit int) ([]provision.Entry, error) {
	if err := s.advisoryLock(ctx, lockSeal, false); err != nil {
		return nil, err
	}
	return findEntries(s.read(ctx).Where("seal IS NULL").Order("id").Limit(limit))
}

// LastSealed implements [audit.Store].
func (s *Store) LastSealed(ctx context.Context) (provision.Entry, error) {
	var row auditRow
	if err := s.read(ctx).Where("seal IS NOT NULL").Order("seal DESC").Take(&row).Error; err != nil {
		return provision.Entry{}, translate(err, "sealed audit entry")
	}
	return row.entry()
}

// Seal implements [audit.Store]. An entry that has a seal already makes
// it Stale, and none is sealed.
func (s *Store) Seal(ctx context.Context, entries []provision.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	seals := make([][3]any, len(entries))
	for i, e := range entries {
		seals[i] = [3]any{e.ID, e.Seal, hex.EncodeToString(e.Hash)}
	}
	list, err := toJSON(seals)
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *Store) error {
		// The + keeps SQLite from searching all unsealed entries for each of v.
		sealed := tx.write(ctx).Exec(`UPDATE audit SET seal = v.seal, hash = v.hash FROM (`+s.sql.seals+`) AS v
			WHERE audit.id = v.id AND +audit.seal IS NULL`, list)
		if sealed.Error != nil {
			return translate(sealed.Error, "audit entry")
		}
		if sealed.RowsAffected != int64(len(entries)) {
			return provision.Errorf(provision.Stale, "", "some of the audit entries are sealed already, or do not exist")
		}
		return nil
	})
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

// Refusals implements [audit.Store].
func (s *Store) Refusals(ctx context.Context, reference string) ([]provision.Entry, error) {
	if checkText("", reference) != nil {
		return nil, nil
	}
	return findEntries(s.read(ctx).Where("action = 'login.refused' AND subject = ?", reference).Order("id").Limit(20))
}
