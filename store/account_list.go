package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

// Account implements [reconcile.Store].
func (s *Store) Account(ctx context.Context, id provision.AccountID) (provision.Account, error) {
	return takeAccount(s.read(ctx).Where("id = ?", string(id)))
}

// LockAccount implements [entitlement.Store].
func (s *Store) LockAccount(ctx context.Context, id provision.AccountID) (provision.Account, error) {
	a, err := takeAccount(locked(s.write(ctx)).Where("id = ?", string(id)))
	if err == nil {
		s.order.note(rankAccount, string(id))
	}
	return a, err
}

// noteAccounts notes the locks of accounts.
func (s *Store) noteAccounts(found []provision.Account) {
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = string(found[i].ID)
	}
	s.order.note(rankAccount, ids...)
}

// LockAccounts implements [entitlement.Store].
func (s *Store) LockAccounts(ctx context.Context, list []provision.AccountID) ([]provision.Account, error) {
	found, err := findAccounts(locked(s.write(ctx)).Where("id "+s.sql.inList, bindIDs(list)).Order("id"))
	s.noteAccounts(found)
	return found, err
}

func takeAccount(db *gorm.DB) (provision.Account, error) {
	var row accountRow
	if err := db.Take(&row).Error; err != nil {
		return provision.Account{}, translateRead(err, "account")
	}
	return row.account()
}

// AccountsOf implements [entitlement.Store].
func (s *Store) AccountsOf(ctx context.Context, list []provision.IdentityID) ([]provision.Account, error) {
	return findAccounts(s.read(ctx).Where("identity_id "+s.sql.inList, bindIDs(list)).Order("identity_id, desk_id"))
}

// LockAccountsOf implements [entitlement.Store]. It locks by id, and returns
// by id.
func (s *Store) LockAccountsOf(ctx context.Context, list []provision.IdentityID) ([]provision.Account, error) {
	found, err := findAccounts(locked(s.write(ctx)).Where("identity_id "+s.sql.inList, bindIDs(list)).Order("id"))
	s.noteAccounts(found)
	return found, err
}

// AccountsWhere implements [reconcile.Store].
func (s *Store) AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) {
	query := s.accountsWhere(ctx, f)
	if limit > 0 {
		query = query.Limit(limit)
	}
	return findAccounts(query)
}

func (s *Store) accountsWhere(ctx context.Context, f provision.AccountFilter) *gorm.DB {
	query := s.read(ctx).Order("id")
	if f.Desk != "" {
		query = query.Where("desk_id = ?", string(f.Desk))
	}
	if f.DeskUser != "" {
		query = query.Where("desk_user = ? AND desk_user <> ''", string(f.DeskUser)) // as the index spells it
	}
	if f.Connection != "" {
		query = query.Where("connection_id = ?", string(f.Connection))
	}
	if f.State != "" {
		query = query.Where("state = ?", string(f.State))
		if f.Desk == "" && f.Connection == "" && (f.State == provision.AccountNeedsAttention || f.State == provision.AccountOnHold) {
			query = query.Where("state IN ('needs-attention', 'on-hold')") // as the index spells it
		}
	}
	if f.Approval {
		query = query.Where("approval_due IS NOT NULL") // as the index spells it
	}
	if f.ByHand {
		query = query.Where("granted ->> 'by_hand' <> ''") // as the index spells it
	}
	if f.ReasonCode != "" {
		query = query.Where("reason_code = ? AND reason_code <> ''", string(f.ReasonCode)) // as the index spells it
	}
	if f.After != "" {
		query = query.Where("id > ?", string(f.After))
	}
	return query
}

// DueAccounts implements [reconcile.Store].
func (s *Store) DueAccounts(ctx context.Context, now, before, ahead time.Time, limit int) ([]provision.Account, error) {
	return findAccounts(s.read(ctx).
		Where("visited < revision").
		Where("updated_at > ? OR updated_at < ? AND (lease_until IS NULL OR lease_until <= ?) AND (retry_at IS NULL OR retry_at <= ?)",
			fromTime(ahead), fromTime(before), fromTime(now), fromTime(now)).
		Where("state <> ? AND (state <> ? OR retry_at IS NOT NULL)", string(provision.AccountOnHold), string(provision.AccountNeedsAttention)).
		Order("updated_at, id").Limit(limit))
}

func findAccounts(db *gorm.DB) ([]provision.Account, error) {
	var rows []accountRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, accountRow.account)
}

// CountAccounts implements [plan.Store]. Accounts on hold whose loss an admin has
// rejected are counted apart, as "rejected". All is counted in indexes: metrics ask
// several times a minute.
func (s *Store) CountAccounts(ctx context.Context) (map[provision.DeskID]map[provision.AccountState]int, error) {
	var rows []struct {
		DeskID provision.DeskID
		State  provision.AccountState
		N      int
	}
	err := s.read(ctx).Raw(countAccounts).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	counts := map[provision.DeskID]map[provision.AccountState]int{}
	for _, r := range rows {
		if counts[r.DeskID] == nil {
			counts[r.DeskID] = map[provision.AccountState]int{}
		}
		counts[r.DeskID][r.State] = r.N
	}
	for _, states := range counts {
		if n := states[rejected]; n > 0 {
			if states[provision.AccountOnHold] -= n; states[provision.AccountOnHold] == 0 {
				delete(states, provision.AccountOnHold)
			}
		}
	}
	return counts, nil
}

// rejected is what accounts on hold are counted as whose loss was rejected. It is
// the state of none.
const rejected = provision.AccountState(provision.ReasonRejected)

const countAccounts = `SELECT desk_id, state, count(*) AS n FROM accounts GROUP BY desk_id, state
	UNION ALL SELECT desk_id, reason_code, count(*) FROM accounts
	WHERE reason_code = 'rejected' AND reason_code <> '' AND state = 'on-hold' GROUP BY desk_id, reason_code`

// SeatsTaken implements [reconcile.Store].
func (s *Store) SeatsTaken(ctx context.Context, d provision.DeskID) (int, error) {
	var n int64
	err := s.read(ctx).Model(&accountRow{}).Where("desk_id = ? AND seat", string(d)).Count(&n).Error
	return int(n), err
}

// SaveAccounts implements [entitlement.Store].
func (s *Store) SaveAccounts(ctx context.Context, accounts []provision.Account) error {
	if len(accounts) == 0 {
		return nil
	}
	rows, err := convert(accounts, newAccountRow)
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *Store) error {
		return insert(ctx, tx, "account", rows, true)
	})
}

// MoveAccounts implements [directory.Store].
func (s *Store) MoveAccounts(ctx context.Context, from, to provision.IdentityID) (int, error) {
	moved := s.write(ctx).Model(&accountRow{}).Where("identity_id = ?", string(from)).Update("identity_id", string(to))
	return int(moved.RowsAffected), translate(moved.Error, "account")
}
