package store

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// manyMarks is from how many people on a group is not marked person by person:
// everybody of the connection is evaluated then, which nobody has to wait for.
const manyMarks = 5000

// MarkDirty implements [entitlement.Store].
//
// A mark that is there already is written again: the write waits for a worker
// who has read the mark ([Store.Dirty]) and will clear it, and then makes a new
// one. So no change is lost between a worker's evaluation and its ClearDirty.
func (s *Store) MarkDirty(ctx context.Context, c provision.ConnectionID, group provision.GroupID, at time.Time) error {
	if group == "" {
		return s.MarkWhole(ctx, c, "", at)
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
		return s.MarkWhole(ctx, c, "", at)
	}
	return s.write(ctx).Exec(below+`
		INSERT INTO identity_marks (connection_id, identity_id, marked_at)
		SELECT DISTINCT m.connection_id, m.member_id, CAST(? AS BIGINT) FROM below JOIN members m ON m.group_id = below.group_id
		WHERE m.kind = 'identity' ORDER BY m.member_id
		ON CONFLICT (connection_id, identity_id) DO UPDATE SET identity_id = excluded.identity_id`,
		string(c), string(group), fromTime(at)).Error
}

// MarkPeople implements [entitlement.Store]. A mark that is there stays: who
// would clear it needs the rows that the caller has locked.
func (s *Store) MarkPeople(ctx context.Context, c provision.ConnectionID, list []provision.IdentityID, at time.Time) error {
	return s.write(ctx).Exec(`INSERT INTO identity_marks (connection_id, identity_id, marked_at)
		SELECT connection_id, id, CAST(? AS BIGINT) FROM identities WHERE connection_id = ? AND id `+s.sql.inList+`
		ON CONFLICT (connection_id, identity_id) DO NOTHING`, fromTime(at), string(c), bindIDs(list)).Error
}

// MarkWhole implements [entitlement.Store]. Where people are being evaluated
// already it begins anew; what was to be evaluated first is not done before
// that, and what an admin did counts as the cause also of what the identity
// provider does meanwhile.
func (s *Store) MarkWhole(ctx context.Context, c provision.ConnectionID, cause string, at time.Time) error {
	return s.write(ctx).Exec(`INSERT INTO evaluations (connection_id, after_id, cause, marked_at) VALUES (?, '', ?, ?)
		ON CONFLICT (connection_id) DO UPDATE SET after_id = '',
			cause = CASE WHEN excluded.cause = '' THEN evaluations.cause ELSE excluded.cause END`, string(c), cause, fromTime(at)).Error
}

// NextDirty implements [entitlement.Store]. Another worker who is at it keeps
// this one away, which then finds nobody.
func (s *Store) NextDirty(ctx context.Context, c provision.ConnectionID, limit int) (entitlement.Whole, error) {
	query := `SELECT after_id, cause FROM evaluations WHERE connection_id = ?`
	if s.dialect == Postgres {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	var rows []struct{ AfterID, Cause string }
	if err := s.read(ctx).Raw(query, string(c)).Scan(&rows).Error; err != nil || len(rows) == 0 {
		return entitlement.Whole{}, err
	}
	var list []provision.IdentityID
	err := s.read(ctx).Raw(`SELECT id FROM identities WHERE connection_id = ? AND status <> 'removed' AND id > ? ORDER BY id LIMIT ?`,
		string(c), rows[0].AfterID, limit).Scan(&list).Error
	if err != nil {
		return entitlement.Whole{}, err
	}
	last := len(list) < limit
	if last {
		err = s.write(ctx).Exec(`DELETE FROM evaluations WHERE connection_id = ?`, string(c)).Error
	} else {
		err = s.write(ctx).Exec(`UPDATE evaluations SET after_id = ? WHERE connection_id = ?`, string(list[len(list)-1]), string(c)).Error
	}
	return entitlement.Whole{People: list, Cause: rows[0].Cause, Last: last}, err
}

// EvaluationPending implements [reconcile.Store].
func (s *Store) EvaluationPending(ctx context.Context, c provision.ConnectionID, at time.Time) (bool, error) {
	var pending bool
	err := s.read(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM evaluations WHERE connection_id = ? AND marked_at <= ?)
		OR EXISTS (SELECT 1 FROM identity_marks WHERE connection_id = ? AND marked_at <= ?)`,
		string(c), fromTime(at), string(c), fromTime(at)).Scan(&pending).Error
	return pending, err
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
