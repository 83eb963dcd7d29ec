package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

type groupRow struct {
	ID                string `gorm:"primaryKey"`
	ConnectionID      string
	DisplayName       string
	DisplayNameFolded string
	ExternalID        string
	Document          *string
	Version           int64
	CreatedAt         int64 `gorm:"autoCreateTime:false"`
	UpdatedAt         int64 `gorm:"autoUpdateTime:false"`
}

func (groupRow) TableName() string { return "groups" }

func newGroupRow(g provision.Group) (groupRow, error) {
	if err := errors.Join(checkText("displayName", g.DisplayName), checkText("externalId", g.ExternalID)); err != nil {
		return groupRow{}, err
	}
	document, err := canonical(g.Document)
	if err != nil {
		return groupRow{}, err
	}
	return groupRow{
		ID:                string(g.ID),
		ConnectionID:      string(g.Connection),
		DisplayName:       g.DisplayName,
		DisplayNameFolded: provision.Fold(g.DisplayName),
		ExternalID:        g.ExternalID,
		Document:          document,
		Version:           g.Version,
		CreatedAt:         fromTime(g.CreatedAt),
		UpdatedAt:         fromTime(g.UpdatedAt),
	}, nil
}

func (row groupRow) group() (provision.Group, error) {
	g := provision.Group{
		ID:          provision.GroupID(row.ID),
		Connection:  provision.ConnectionID(row.ConnectionID),
		DisplayName: row.DisplayName,
		ExternalID:  row.ExternalID,
		Version:     row.Version,
		CreatedAt:   toTime(row.CreatedAt),
		UpdatedAt:   toTime(row.UpdatedAt),
	}
	if row.Document != nil {
		g.Document = json.RawMessage(*row.Document)
	}
	return g, nil
}

// Group implements [directory.Store].
func (s *Store) Group(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error) {
	return takeGroup(s.read(ctx).Where("connection_id = ? AND id = ?", string(c), string(id)))
}

// LockGroup implements [directory.Store].
func (s *Store) LockGroup(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error) {
	g, err := takeGroup(locked(s.write(ctx)).Where("connection_id = ? AND id = ?", string(c), string(id)))
	if err == nil {
		s.order.note(rankGroup, string(id))
		s.noteGroup(c, id)
	}
	return g, err
}

// noteGroup remembers a group whose row this transaction has locked on
// PostgreSQL: it is there.
func (s *Store) noteGroup(c provision.ConnectionID, id provision.GroupID) {
	if s.pg == nil {
		return
	}
	if s.pg.groups == nil {
		s.pg.groups = map[groupKey]bool{}
	}
	s.pg.groups[groupKey{c, id}] = true
}

// GroupByName implements [entitlement.Store].
func (s *Store) GroupByName(ctx context.Context, c provision.ConnectionID, name string) (provision.Group, error) {
	return takeGroup(s.read(ctx).Where("connection_id = ? AND display_name_folded = ?", string(c), provision.Fold(name)))
}

func takeGroup(db *gorm.DB) (provision.Group, error) {
	var row groupRow
	if err := db.Take(&row).Error; err != nil {
		return provision.Group{}, translateRead(err, "group")
	}
	return row.group()
}

// Groups implements [directory.Store].
func (s *Store) Groups(ctx context.Context, c provision.ConnectionID, q provision.Query) (provision.Page[provision.Group], error) {
	return page(s, s.read(ctx).Model(&groupRow{}).Where("connection_id = ?", string(c)), sqlfilter.Groups, c, q, findSomeGroups, countRows, skipRows)
}

// findSomeGroups reads the rows that db selects, as [Store.findSome] does.
func findSomeGroups(db *gorm.DB, bytes int) (found []provision.Group, more bool, err error) {
	ctx, full := newFilling(db.Statement.Context, bytes)
	defer full.stop()
	rows, err := db.WithContext(ctx).Model(&groupRow{}).Rows()
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var row groupRow
		if err := db.ScanRows(rows, &row); err != nil {
			return nil, false, err
		}
		g, err := row.group()
		if err != nil {
			return nil, false, err
		}
		found = append(found, g)
		if full.add(len(g.Document)) != nil {
			return found, true, nil
		}
	}
	return found, false, unavailable(rows.Err())
}

// InsertGroup implements [directory.Store].
func (s *Store) InsertGroup(ctx context.Context, g provision.Group) error {
	row, err := newGroupRow(g)
	if err != nil {
		return err
	}
	if err := insert(ctx, s, "group", []groupRow{row}, false); err != nil {
		return err
	}
	s.noteGroup(g.Connection, g.ID)
	return nil
}

// SaveGroup implements [directory.Store].
func (s *Store) SaveGroup(ctx context.Context, g provision.Group) error {
	row, err := newGroupRow(g)
	if err != nil {
		return err
	}
	return s.heedNamesakes(ctx, foldedGroups, row.ConnectionID, row.ID, &row.DisplayNameFolded, false, func(s *Store) error {
		if s.pg != nil && s.pg.groups[groupKey{g.Connection, g.ID}] {
			sql, args := replacement(ctx, &row)
			s.pg.later(statement{sql: sql, args: args, what: "group"})
			return nil
		}
		return missing(s.write(ctx).Model(&groupRow{}).Where("id = ? AND connection_id = ?", row.ID, row.ConnectionID).
			Select("*").Omit("ID").Updates(&row), "group")
	})
}

// DeleteGroup implements [directory.Store].
func (s *Store) DeleteGroup(ctx context.Context, c provision.ConnectionID, id provision.GroupID, at time.Time) error {
	return s.InTx(ctx, func(tx *Store) error {
		if _, err := tx.LockGroup(ctx, c, id); err != nil {
			return err
		}
		if _, err := tx.RemoveMemberships(ctx, provision.MemberID(id), at); err != nil {
			return err
		}
		if err := tx.write(ctx).Where("group_id = ?", string(id)).Delete(&memberRow{}).Error; err != nil {
			return err
		}
		return tx.heedNamesakes(ctx, foldedGroups, string(c), string(id), new(string), true, func(tx *Store) error {
			return missing(tx.write(ctx).Where("id = ?", string(id)).Delete(&groupRow{}), "group")
		})
	})
}
