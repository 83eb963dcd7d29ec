package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

// DueSteps implements [leavestep.Store].
func (s *Store) DueSteps(ctx context.Context, at time.Time, limit int) ([]provision.Account, error) {
	return findAccounts(s.read(ctx).Where("leave_due <= ? AND state = ? AND visited >= revision", fromTime(at), string(provision.AccountEnded)).Order("leave_due, id").Limit(limit))
}

// ComingSteps implements [leavestep.Store].
func (s *Store) ComingSteps(ctx context.Context, desk provision.DeskID, limit int) ([]provision.Account, error) {
	return findAccounts(s.coming(ctx, desk).Order("leave_due, id").Limit(limit))
}

// CountComingSteps implements [leavestep.Store].
func (s *Store) CountComingSteps(ctx context.Context, desk provision.DeskID) (int, error) {
	var n int64
	err := s.coming(ctx, desk).Model(&accountRow{}).Count(&n).Error
	return int(n), err
}

func (s *Store) coming(ctx context.Context, desk provision.DeskID) *gorm.DB {
	query := s.read(ctx).Where("leave_due IS NOT NULL") // as the index spells it
	if desk != "" {
		query = query.Where("desk_id = ?", string(desk))
	}
	return query
}
