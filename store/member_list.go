package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// MembersOf implements [directory.Store].
func (s *Store) MembersOf(ctx context.Context, c provision.ConnectionID, ids []provision.GroupID) (map[provision.GroupID][]provision.Member, error) {
	out := make(map[provision.GroupID][]provision.Member)
	err := s.each(ctx, `
		SELECT m.group_id, m.member_id, m.kind, coalesce(nullif(i.display_name, ''), i.user_name, c.display_name, '') AS display
		FROM members m
		LEFT JOIN identities i ON m.kind = 'identity' AND i.id = m.member_id
		LEFT JOIN groups c ON m.kind = 'group' AND c.id = m.member_id
		WHERE m.connection_id = $1 AND m.group_id `+s.sql.boundInList(2)+` ORDER BY m.group_id, m.id`, []any{string(c), bindIDs(ids)},
		func(row scanner) error {
			var group, id, kind string
			var m provision.Member
			err := row.Scan(&group, &id, &kind, &m.Display)
			m.ID, m.Kind = provision.MemberID(id), provision.MemberKind(kind)
			out[provision.GroupID(group)] = append(out[provision.GroupID(group)], m)
			return err
		})
	return out, err
}
