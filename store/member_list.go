package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// MembersOf implements [provision.Groups].
func (s *Store) MembersOf(ctx context.Context, c provision.ConnectionID, ids []provision.GroupID) (map[provision.GroupID][]provision.Member, error) {
	var rows []struct {
		GroupID provision.GroupID
		provision.Member
	}
	err := s.read(ctx).Raw(`
		SELECT m.group_id, m.member_id AS id, m.kind, coalesce(nullif(i.display_name, ''), i.user_name, c.display_name, '') AS display
		FROM members m
		LEFT JOIN identities i ON m.kind = 'identity' AND i.id = m.member_id
		LEFT JOIN groups c ON m.kind = 'group' AND c.id = m.member_id
		WHERE m.connection_id = ? AND m.group_id IN (`+s.sql.list+`) ORDER BY m.group_id, m.id`, string(c), toList(ids)).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make(map[provision.GroupID][]provision.Member)
	for _, row := range rows {
		out[row.GroupID] = append(out[row.GroupID], row.Member)
	}
	return out, nil
}
