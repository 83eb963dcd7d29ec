package store

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// DeskIDs implements [deskhealth.Store].
func (s *Store) DeskIDs(ctx context.Context) (ids []provision.DeskID, _ error) {
	err := s.read(ctx).Model(&deskRow{}).Order("id").Pluck("id", &ids).Error
	return ids, err
}

// leaving selects accounts whose access is to end and has not ended; spelled as
// in the partial index, so that this serves.
func leaving(db *gorm.DB) *gorm.DB {
	return db.Model(&accountRow{}).Where("ending_since IS NOT NULL AND state <> 'ended' AND loss_verdict <> 'rejected'")
}

// LeavingAccounts implements [plan.Store].
func (s *Store) LeavingAccounts(ctx context.Context, d provision.DeskID, limit int) ([]provision.Account, error) {
	query := leaving(s.read(ctx)).Order("ending_since, id")
	if d != "" {
		query = query.Where("desk_id = ?", string(d))
	}
	if limit > 0 {
		query = query.Limit(limit)
	}
	return findAccounts(query)
}

// Leavers implements [deskhealth.Store].
func (s *Store) Leavers(ctx context.Context) (map[provision.DeskID]deskhealth.Leavers, error) {
	var rows []struct {
		DeskID provision.DeskID
		N      int
		Since  int64
	}
	if err := leaving(s.read(ctx)).Select("desk_id, count(*) AS n, min(ending_since) AS since").Group("desk_id").Scan(&rows).Error; err != nil {
		return nil, err
	}
	leavers := make(map[provision.DeskID]deskhealth.Leavers, len(rows))
	for _, r := range rows {
		leavers[r.DeskID] = deskhealth.Leavers{Count: r.N, Since: toTime(r.Since)}
	}
	return leavers, nil
}

// CountAsking implements [deskhealth.Store].
func (s *Store) CountAsking(ctx context.Context, codes []provision.ReasonCode) (map[provision.DeskID]int, error) {
	return countByDesk(leaving(s.read(ctx)).Where("state = ? AND reason_code IN ?", string(provision.AccountNeedsAttention), codes))
}

// countByDesk counts the rows that query selects, by their desk.
func countByDesk(query *gorm.DB) (map[provision.DeskID]int, error) {
	var rows []struct {
		DeskID provision.DeskID
		N      int
	}
	err := query.Select("desk_id, count(*) AS n").Group("desk_id").Scan(&rows).Error
	counts := make(map[provision.DeskID]int, len(rows))
	for _, r := range rows {
		counts[r.DeskID] = r.N
	}
	return counts, err
}

// Backlogs implements [deskhealth.Store].
func (s *Store) Backlogs(ctx context.Context) (map[string]deskhealth.Backlog, error) {
	since := `CAST(unixepoch(min(scheduled_at), 'subsec') * 1000000 AS INTEGER)`
	if s.dialect == Postgres {
		since = `CAST(extract(epoch FROM min(scheduled_at)) * 1000000 AS BIGINT)`
	}
	var rows []struct {
		Queue string
		N     int
		Since int64
	}
	err := s.read(ctx).Raw(`SELECT queue, count(*) AS n, ` + since + ` AS since FROM river_job WHERE state = 'available' GROUP BY queue`).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	backlogs := make(map[string]deskhealth.Backlog, len(rows))
	for _, r := range rows {
		backlogs[r.Queue] = deskhealth.Backlog{Runs: r.N, Since: toTime(r.Since)}
	}
	return backlogs, nil
}

type handOverProblemRow struct {
	DeskID  string `gorm:"primaryKey"`
	Policy  string
	Reason  string
	FoundAt int64
}

func (handOverProblemRow) TableName() string { return "hand_over_problems" }

type handOverMailboxRow struct {
	DeskID  string `gorm:"primaryKey"`
	Mailbox string `gorm:"primaryKey"`
	Policy  string
	Reason  string
	FoundAt int64
}

func (handOverMailboxRow) TableName() string { return "hand_over_mailbox_problems" }

// HandOverProblems implements [deskhealth.Store].
func (s *Store) HandOverProblems(ctx context.Context) ([]deskhealth.HandOverProblem, error) {
	var rows []handOverMailboxRow
	query := `SELECT desk_id, '' AS mailbox, policy, reason, found_at FROM hand_over_problems
		UNION ALL SELECT desk_id, mailbox, policy, reason, found_at FROM hand_over_mailbox_problems ORDER BY desk_id, mailbox`
	if err := s.read(ctx).Raw(query).Scan(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row handOverMailboxRow) (p deskhealth.HandOverProblem, _ error) {
		p = deskhealth.HandOverProblem{Desk: provision.DeskID(row.DeskID), Mailbox: row.Mailbox, Reason: row.Reason, FoundAt: toTime(row.FoundAt)}
		if err := json.Unmarshal([]byte(row.Policy), &p.Rule); err != nil {
			return p, fmt.Errorf("store: hand-over of desk %s: %w", row.DeskID, err)
		}
		return p, nil
	})
}

// SaveHandOverProblem implements [deskhealth.Store].
func (s *Store) SaveHandOverProblem(ctx context.Context, p deskhealth.HandOverProblem) error {
	rule, err := toJSON(p.Rule)
	if err != nil {
		return err
	}
	row := handOverProblemRow{DeskID: string(p.Desk), Policy: rule, Reason: p.Reason, FoundAt: fromTime(p.FoundAt)}
	if p.Mailbox == "" {
		return translate(byDesk(s.write(ctx)).Create(&row).Error, "hand-over")
	}
	known := clause.OnConflict{Columns: []clause.Column{{Name: "desk_id"}, {Name: "mailbox"}}, UpdateAll: true}
	return translate(s.write(ctx).Clauses(known).Create(&handOverMailboxRow{row.DeskID, p.Mailbox, row.Policy, row.Reason, row.FoundAt}).Error, "hand-over")
}

// DeleteHandOverProblem implements [deskhealth.Store].
func (s *Store) DeleteHandOverProblem(ctx context.Context, d provision.DeskID, mailbox string) error {
	if mailbox == "" {
		return s.write(ctx).Where("desk_id = ?", string(d)).Delete(&handOverProblemRow{}).Error
	}
	return s.write(ctx).Where("desk_id = ? AND mailbox = ?", string(d), mailbox).Delete(&handOverMailboxRow{}).Error
}

// PeopleNames implements [plan.Store].
func (s *Store) PeopleNames(ctx context.Context, list []provision.IdentityID) ([]plan.Person, error) {
	var rows []identityRow
	err := s.read(ctx).Select("id, connection_id, user_name, profile").Where("id "+s.sql.inList, bindIDs(list)).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	return convert(rows, func(row identityRow) (plan.Person, error) {
		id, err := row.identity()
		return plan.PersonOf(id), err
	})
}
