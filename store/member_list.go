package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// MembersOf implements [provision.Groups].
func (s *Store) MembersOf(ctx context.Context, c provision.ConnectionID, ids []provision.GroupID) (map[provision.GroupID][]provision.Member, error) {
	rows, err := s.read(ctx).Raw(`
		SELECT m.group_id, m.member_id, m.kind, coalesce(nullif(i.display_name, ''), i.user_name, c.display_name, '') AS display
		FROM members m
		LEFT JOIN identities i ON m.kind = 'identity' AND i.id = m.member_id
		LEFT JOIN groups c ON m.kind = 'group' AND c.id = m.member_id
		WHERE m.connection_id = ? AND m.group_id IN (`+s.sql.list+`) ORDER BY m.group_id, m.id`, string(c), bindIDs(ids)).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[provision.GroupID][]provision.Member)
	for rows.Next() { // by hand: there can be a hundred thousand
		var group provision.GroupID
		var m provision.Member
		if err := rows.Scan(&group, &m.ID, &m.Kind, &m.Display); err != nil {
			return nil, err
		}
		out[group] = append(out[group], m)
	}
	return out, rows.Err()
}
