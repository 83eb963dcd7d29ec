package store

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// CountLosses implements [reconcile.Store].
func (s *Store) CountLosses(ctx context.Context, c provision.ConnectionID, since, until time.Time) (all, explicit int, _ error) {
	var n struct{ People, Explicit int }
	err := s.read(ctx).Raw(`SELECT count(DISTINCT identity_id) AS people,
			count(DISTINCT CASE WHEN loss_person <> 'active' THEN identity_id END) AS explicit
		FROM accounts WHERE connection_id = ? AND loss_since > ? AND loss_since <= ? AND loss_verdict IN ('', 'passed', 'on-hold')
			AND desk_id NOT IN (SELECT id FROM desks WHERE removal <> '')`,
		string(c), fromTime(since), fromTime(until)).Scan(&n).Error
	return n.People, n.Explicit, err
}

// PeopleWithAccess implements [reconcile.Store].
func (s *Store) PeopleWithAccess(ctx context.Context, c provision.ConnectionID) (int, error) {
	var n int64
	err := s.read(ctx).Model(&accountRow{}).Where("connection_id = ? AND has_access AND ending_since IS NULL", string(c)).
		Distinct("identity_id").Count(&n).Error
	return int(n), err
}

// AllowLosses implements [entitlement.Store].
func (s *Store) AllowLosses(ctx context.Context, d provision.DeskID, people []provision.IdentityID, by string) (int, error) {
	done := s.write(ctx).Exec(`INSERT INTO loss_allowances (account_id, connection_id, allowed_by)
		SELECT id, connection_id, ? FROM accounts WHERE identity_id `+s.sql.inList+` AND desk_id = ? AND has_access
		ON CONFLICT (account_id) DO UPDATE SET allowed_by = excluded.allowed_by`, by, bindIDs(people), string(d))
	return int(done.RowsAffected), done.Error
}

// TakeAllowances implements [entitlement.Store].
func (s *Store) TakeAllowances(ctx context.Context, ids []provision.AccountID) (map[provision.AccountID]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct{ AccountID, AllowedBy string }
	err := s.write(ctx).Raw(`DELETE FROM loss_allowances WHERE account_id `+s.sql.inList+` RETURNING account_id, allowed_by`, bindIDs(ids)).Scan(&rows).Error
	by := make(map[provision.AccountID]string, len(rows))
	for _, r := range rows {
		by[provision.AccountID(r.AccountID)] = r.AllowedBy
	}
	return by, err
}

// DropAllowances implements [entitlement.Store].
func (s *Store) DropAllowances(ctx context.Context, c provision.ConnectionID) error {
	return s.write(ctx).Exec(`DELETE FROM loss_allowances WHERE connection_id = ?`, string(c)).Error
}
