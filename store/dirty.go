package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// MarkDirty implements [entitlement.Store].
//
// A mark that is there already is written again: the write waits for a worker
// who has read the mark ([Store.Dirty]) and will clear it, and then makes a new
// one. So no change is lost between a worker's evaluation and its ClearDirty.
func (s *Store) MarkDirty(ctx context.Context, c provision.ConnectionID, group provision.GroupID) error {
	if group == "" {
		return s.write(ctx).Exec(`
			INSERT INTO identity_marks (connection_id, identity_id)
			SELECT connection_id, id FROM identities WHERE connection_id = ? AND status <> 'removed' ORDER BY id
			ON CONFLICT (connection_id, identity_id) DO UPDATE SET identity_id = excluded.identity_id`,
			string(c)).Error
	}
	// UNION, not UNION ALL: groups may contain each other.
	return s.write(ctx).Exec(`
		WITH RECURSIVE below (group_id) AS (
			SELECT id FROM groups WHERE connection_id = ? AND id = ?
			UNION
			SELECT m.member_id FROM below JOIN members m ON m.group_id = below.group_id WHERE m.kind = 'group'
		)
		INSERT INTO identity_marks (connection_id, identity_id)
		SELECT DISTINCT m.connection_id, m.member_id FROM below JOIN members m ON m.group_id = below.group_id
		WHERE m.kind = 'identity' ORDER BY m.member_id
		ON CONFLICT (connection_id, identity_id) DO UPDATE SET identity_id = excluded.identity_id`,
		string(c), string(group)).Error
}

// Dirty implements [entitlement.Store]. In a transaction it leaves out those
// that another worker is at, and locks what it returns; see [Store.MarkDirty].
func (s *Store) Dirty(ctx context.Context, c provision.ConnectionID, limit int) ([]provision.IdentityID, error) {
	query := `SELECT identity_id FROM identity_marks WHERE connection_id = ? ORDER BY identity_id LIMIT ?`
	if s.inTx && s.dialect == Postgres {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	var list []provision.IdentityID
	err := s.read(ctx).Raw(query, string(c), limit).Scan(&list).Error
	return list, err
}

// ClearDirty implements [entitlement.Store].
func (s *Store) ClearDirty(ctx context.Context, c provision.ConnectionID, list []provision.IdentityID) error {
	return s.write(ctx).Exec(`DELETE FROM identity_marks WHERE connection_id = ? AND identity_id `+s.sql.inList,
		string(c), bindIDs(list)).Error
}
