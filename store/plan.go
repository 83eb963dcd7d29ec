package store

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// CountDesired implements [plan.Store].
func (s *Store) CountDesired(ctx context.Context, d provision.DeskID) (int, error) {
	var n int64
	err := s.read(ctx).Model(&accountRow{}).Where("desk_id = ? AND state <> ? AND ending_since IS NULL", string(d), string(provision.AccountEnded)).Count(&n).Error
	return int(n), err
}

// CountSignedIn implements [plan.Store].
func (s *Store) CountSignedIn(ctx context.Context, c provision.ConnectionID, by provision.Protocol, now time.Time) (int, error) {
	var n int64
	err := selected(s.read(ctx).Model(&sessionRow{}), provision.SessionFilter{Connection: c, Protocol: by}).
		Where("ends_at > ?", fromTime(now)).Distinct("identity_id").Count(&n).Error
	return int(n), err
}

// GroupNames implements [plan.Store].
func (s *Store) GroupNames(ctx context.Context, c provision.ConnectionID) (names []string, _ error) {
	err := s.read(ctx).Model(&groupRow{}).Where("connection_id = ?", string(c)).Order("id").Pluck("display_name", &names).Error
	return names, err
}
