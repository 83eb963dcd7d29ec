package store

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
)

// DueSteps implements [leavestep.Store].
func (s *Store) DueSteps(ctx context.Context, at time.Time, limit int) ([]provision.Account, error) {
	return findAccounts(s.read(ctx).Where("leave_due <= ? AND state = ? AND visited >= revision", fromTime(at), string(provision.AccountEnded)).Order("leave_due, id").Limit(limit))
}

// coming selects accounts of which a step is to come, as two indexes spell it; comingAt
// is when.
const (
	coming   = "(leave_due IS NOT NULL OR approval_due IS NOT NULL)"
	comingAt = "coalesce(approval_due, leave_due)"
)

// ListComingSteps implements [report.Store].
func (s *Store) ListComingSteps(ctx context.Context, q report.StepQuery) ([]provision.Account, error) {
	query := s.read(ctx).Where(coming)
	if q.Desk != "" {
		query = query.Where("desk_id = ?", string(q.Desk))
	}
	if q.AfterID != "" {
		query = query.Where("("+comingAt+", id) > (?, ?)", fromTime(q.AfterDue), string(q.AfterID))
	}
	return findAccounts(query.Order(comingAt + ", id").Limit(q.Limit))
}

// CountComingSteps implements [report.Store].
func (s *Store) CountComingSteps(ctx context.Context) (map[provision.DeskID]report.StepCount, error) {
	counts := make(map[provision.DeskID]report.StepCount)
	err := s.each(ctx, `SELECT desk_id, count(CASE WHEN approval_due IS NULL THEN 1 END), count(approval_due), min(CASE WHEN approval_due IS NULL THEN leave_due END)
		FROM accounts WHERE `+coming+` GROUP BY desk_id`, nil, func(row scanner) error {
		var desk string
		var n report.StepCount
		var first *int64
		if err := row.Scan(&desk, &n.Noted, &n.Asked, &first); err != nil {
			return err
		}
		n.First = toTimePtr(first)
		counts[provision.DeskID(desk)] = n
		return nil
	})
	return counts, err
}
