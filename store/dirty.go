package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// manyMarks is from how many people on a group is not marked person by person:
// everybody of the connection is evaluated then, which nobody has to wait for.
const manyMarks = 5000

// MarkDirty implements [entitlement.Store].
//
// A mark that is there already is written again: the write waits for a worker
// who has read the mark ([Store.Dirty]) and will clear it, and then makes a new
// one. So no change is lost between a worker's evaluation and its ClearDirty.
func (s *Store) MarkDirty(ctx context.Context, c provision.ConnectionID, group provision.GroupID) error {
	if group == "" {
		return s.markAll(ctx, c)
	}
	// UNION, not UNION ALL: groups may contain each other.
	const below = `
		WITH RECURSIVE below (group_id) AS (
			SELECT id FROM groups WHERE connection_id = ? AND id = ?
			UNION
			SELECT m.member_id FROM below JOIN members m ON m.group_id = below.group_id WHERE m.kind = 'group'
		)`
	var n int
	err := s.read(ctx).Raw(below+` SELECT count(*) FROM (SELECT 1 FROM below JOIN members m ON m.group_id = below.group_id LIMIT ?) AS enough`,
		string(c), string(group), manyMarks).Scan(&n).Error
	if err != nil {
		return err
	}
	if n == manyMarks {
		return s.markAll(ctx, c)
	}
	return s.write(ctx).Exec(below+`
		INSERT INTO identity_marks (connection_id, identity_id)
		SELECT DISTINCT m.connection_id, m.member_id FROM below JOIN members m ON m.group_id = below.group_id
		WHERE m.kind = 'identity' ORDER BY m.member_id
		ON CONFLICT (connection_id, identity_id) DO UPDATE SET identity_id = excluded.identity_id`,
		string(c), string(group)).Error
}

// MarkPeople implements [entitlement.Store]. A mark that is there stays: who
// would clear it needs the rows that the caller has locked.
func (s *Store) MarkPeople(ctx context.Context, c provision.ConnectionID, list []provision.IdentityID) error {
	return s.write(ctx).Exec(`INSERT INTO identity_marks (connection_id, identity_id)
		SELECT connection_id, id FROM identities WHERE connection_id = ? AND id `+s.sql.inList+`
		ON CONFLICT (connection_id, identity_id) DO NOTHING`, string(c), bindIDs(list)).Error
}

// markAll has everybody of a connection evaluated, from the beginning.
func (s *Store) markAll(ctx context.Context, c provision.ConnectionID) error {
	return s.write(ctx).Exec(`INSERT INTO evaluations (connection_id, after_id) VALUES (?, '')
		ON CONFLICT (connection_id) DO UPDATE SET after_id = ''`, string(c)).Error
}

// NextDirty implements [entitlement.Store]. Another worker who is at it keeps
// this one away, which then finds nobody.
func (s *Store) NextDirty(ctx context.Context, c provision.ConnectionID, limit int) ([]provision.IdentityID, error) {
	query := `SELECT after_id FROM evaluations WHERE connection_id = ?`
	if s.dialect == Postgres {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	var after []string
	if err := s.read(ctx).Raw(query, string(c)).Scan(&after).Error; err != nil || len(after) == 0 {
		return nil, err
	}
	var list []provision.IdentityID
	err := s.read(ctx).Raw(`SELECT id FROM identities WHERE connection_id = ? AND status <> 'removed' AND id > ? ORDER BY id LIMIT ?`,
		string(c), after[0], limit).Scan(&list).Error
	if err != nil {
		return nil, err
	}
	if len(list) < limit {
		err = s.write(ctx).Exec(`DELETE FROM evaluations WHERE connection_id = ?`, string(c)).Error
	} else {
		err = s.write(ctx).Exec(`UPDATE evaluations SET after_id = ? WHERE connection_id = ?`, string(list[len(list)-1]), string(c)).Error
	}
	return list, err
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
