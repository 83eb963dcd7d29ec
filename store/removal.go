package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/removal"
)

// scoped selects the accounts of a connection or of a desk.
func (s *Store) scoped(ctx context.Context, of removal.Scope) *gorm.DB {
	db := s.read(ctx).Model(&accountRow{})
	if of.Connection != "" {
		db = db.Where("connection_id = ?", string(of.Connection))
	}
	if of.Desk != "" || of.Connection == "" {
		db = db.Where("desk_id = ?", string(of.Desk))
	}
	return db
}

// CountAccess implements [removal.Store].
func (s *Store) CountAccess(ctx context.Context, of removal.Scope) (counts []removal.AccessCount, _ error) {
	var rows []struct {
		ConnectionID provision.ConnectionID
		DeskID       provision.DeskID
		N            int
	}
	err := s.scoped(ctx, of).Where("state <> 'ended' AND granted ->> 'status' = 'active'").
		Select("connection_id, desk_id, count(*) AS n").Group("connection_id, desk_id").Order("connection_id, desk_id").Scan(&rows).Error
	for _, r := range rows {
		counts = append(counts, removal.AccessCount{Connection: r.ConnectionID, Desk: r.DeskID, People: r.N})
	}
	return counts, err
}

// CountOf implements [removal.Store].
func (s *Store) CountOf(ctx context.Context, c provision.ConnectionID) (n removal.Counts, _ error) {
	err := s.each(ctx, `SELECT (SELECT CAST(coalesce(sum(live), 0) AS BIGINT) FROM identity_counts WHERE connection_id = $1),
		(SELECT count(*) FROM groups WHERE connection_id = $1),
		(SELECT count(*) FROM sessions WHERE connection_id = $1 AND ended_at IS NULL),
		(SELECT count(*) FROM logins WHERE connection_id = $1)`, []any{string(c)},
		func(row scanner) error { return row.Scan(&n.People, &n.Groups, &n.Sessions, &n.Logins) })
	return n, err
}

// CountUnended implements [removal.Store]. An account that the desk has never
// confirmed, without a user and without a write that was tried, is nobody there.
func (s *Store) CountUnended(ctx context.Context, of removal.Scope, now time.Time) (int, error) {
	var n int64
	err := s.scoped(ctx, of).Where(`lease_until > ? OR state <> 'ended' AND (desk_user <> '' OR granted_at IS NOT NULL
		OR EXISTS (SELECT 1 FROM steps w WHERE w.account_id = accounts.id AND w.tried))`, fromTime(now)).Count(&n).Error
	return int(n), err
}

// ConnectionsOn implements [removal.Store].
func (s *Store) ConnectionsOn(ctx context.Context, d provision.DeskID) (ids []provision.ConnectionID, _ error) {
	err := s.read(ctx).Raw(`SELECT id FROM connections WHERE EXISTS (SELECT 1 FROM accounts WHERE connection_id = connections.id AND desk_id = ?) ORDER BY id`,
		string(d)).Scan(&ids).Error
	return ids, err
}

// EndDeskSessions implements [removal.Store].
func (s *Store) EndDeskSessions(ctx context.Context, d provision.DeskID, at time.Time) (int, error) {
	done := s.write(ctx).Model(&deskSessionRow{}).Where("desk_id = ? AND ended_at IS NULL", string(d)).
		Updates(map[string]any{"ended_at": fromTime(at), "reason": string(desksession.EndedByAccess)})
	return int(done.RowsAffected), done.Error
}

// Removals implements [removal.Store].
func (s *Store) Removals(ctx context.Context) (connections []provision.ConnectionID, desks []provision.DeskID, _ error) {
	if err := s.read(ctx).Model(&connectionRow{}).Where("removal <> ''").Order("id").Pluck("id", &connections).Error; err != nil {
		return nil, nil, err
	}
	err := s.read(ctx).Model(&deskRow{}).Where("removal <> ''").Order("id").Pluck("id", &desks).Error
	return connections, desks, err
}

// DeletableAccounts implements [removal.Store].
func (s *Store) DeletableAccounts(ctx context.Context, of removal.Scope, now time.Time, after provision.AccountID, limit int) (ids []provision.AccountID, _ error) {
	err := s.scoped(ctx, of).Where("id > ? AND (lease_until IS NULL OR lease_until <= ?)", string(after), fromTime(now)).
		Order("id").Limit(limit).Pluck("id", &ids).Error
	return ids, err
}

// DeleteAccounts implements [removal.Store].
func (s *Store) DeleteAccounts(ctx context.Context, ids []provision.AccountID) error {
	return s.deleteAll(ctx, s.ofAccounts(bindIDs(ids))...)
}

// ofAccounts is what goes with accounts.
func (s *Store) ofAccounts(list string) []deletion {
	return []deletion{
		{"steps", "account_id " + s.sql.inList, list},
		{"drifts", "account_id " + s.sql.inList, list},
		{"admin_words", "account_id " + s.sql.inList, list},
		{"desk_activity", "account_id " + s.sql.inList, list},
		{"account_names", "account_id " + s.sql.inList, list},
		{"loss_allowances", "account_id " + s.sql.inList, list},
		{"accounts", "id " + s.sql.inList, list}}
}

// ofPeople is what goes with people whose accounts and marks are gone.
func (s *Store) ofPeople(list string) []deletion {
	return []deletion{
		{"app_sessions", "identity_id " + s.sql.inList, list},
		{"sessions", "identity_id " + s.sql.inList, list},
		{"logins", "identity_id " + s.sql.inList, list},
		{"members", "member_id " + s.sql.inList, list},
		{"identity_emails", "identity_id " + s.sql.inList, list},
		{"identities", "id " + s.sql.inList, list}}
}

// deletion is rows that go: those of a table for which a condition holds, with its
// one argument.
type deletion struct{ table, where, arg string }

func (s *Store) deleteAll(ctx context.Context, all ...deletion) error {
	return s.InTx(ctx, func(tx *Store) error {
		for _, d := range all {
			if err := tx.write(ctx).Exec("DELETE FROM "+d.table+" WHERE "+d.where, d.arg).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// DeletePeople implements [removal.Store].
func (s *Store) DeletePeople(ctx context.Context, c provision.ConnectionID, limit int) (more bool, _ error) {
	err := s.InTx(ctx, func(tx *Store) error {
		var ids []provision.IdentityID
		for _, status := range []string{"status <> 'removed'", "status = 'removed'"} { // each by its index
			if err := tx.read(ctx).Model(&identityRow{}).Where("connection_id = ? AND "+status, string(c)).Limit(limit).Pluck("id", &ids).Error; err != nil {
				return err
			}
			if more = len(ids) > 0; more {
				break
			}
		}
		if _, err := tx.LockIdentities(ctx, c, ids); err != nil {
			return err
		}
		return tx.deleteAll(ctx, s.ofPeople(bindIDs(ids))...)
	})
	return more, err
}

// DeleteGroups implements [removal.Store].
func (s *Store) DeleteGroups(ctx context.Context, c provision.ConnectionID, limit int) (more bool, _ error) {
	err := s.InTx(ctx, func(tx *Store) error {
		var groups []provision.GroupID
		if err := tx.read(ctx).Model(&groupRow{}).Where("connection_id = ?", string(c)).Order("id").Limit(limit).Pluck("id", &groups).Error; err != nil {
			return err
		}
		list := bindIDs(groups)
		gone := tx.write(ctx).Exec("DELETE FROM members WHERE id IN (SELECT id FROM members WHERE group_id "+s.sql.inList+" LIMIT ?)", list, manyMarks)
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == manyMarks {
			more = true
			return nil
		}
		more = len(groups) == limit
		return tx.deleteAll(ctx, deletion{"members", "member_id " + s.sql.inList, list}, deletion{"groups", "id " + s.sql.inList, list})
	})
	return more, err
}

// DeleteConnection implements [removal.Store].
func (s *Store) DeleteConnection(ctx context.Context, c provision.ConnectionID) error {
	of := func(table string) deletion { return deletion{table, "connection_id = ?", string(c)} }
	return s.deleteAll(ctx,
		deletion{"access_tokens", "token_id IN (SELECT id FROM tokens WHERE connection_id = ?)", string(c)},
		of("tokens"), of("tickets"), of("domain_claims"), of("metadata"), of("identity_marks"), of("evaluations"), of("identity_counts"), of("rules"), of("console_grants"),
		deletion{"connections", "id = ?", string(c)})
}

// DeleteDesk implements [removal.Store].
func (s *Store) DeleteDesk(ctx context.Context, d provision.DeskID) error {
	of := func(table string) deletion { return deletion{table, "desk_id = ?", string(d)} }
	return s.deleteAll(ctx, of("app_sessions"), of("drifts"), of("admin_words"), of("adopted_users"), of("adoption_waves"), of("desk_users"), of("rosters"), of("desk_activity"), of("seat_counts"), of("account_names"), of("sweeps"), of("pauses"), of("desk_paces"), of("desk_pauses"), of("hand_over_problems"), of("hand_over_mailbox_problems"), of("desk_units"), of("rules"),
		deletion{"desks", "id = ?", string(d)})
}
