package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

// insertBatch bounds the rows of one INSERT: PostgreSQL takes 65535 bound
// parameters a statement, SQLite 32766.
const insertBatch = 500

type memberRow struct {
	ID           int64 `gorm:"primaryKey"`
	ConnectionID string
	GroupID      string
	MemberID     string
	Kind         string
}

func (memberRow) TableName() string { return "members" }

// Members implements [directory.Store].
func (s *Store) Members(ctx context.Context, g provision.GroupID) ([]provision.Member, error) {
	var members []provision.Member
	err := s.read(ctx).Raw(`
		SELECT m.member_id AS id, m.kind, coalesce(nullif(i.display_name, ''), i.user_name, c.display_name, '') AS display
		FROM members m
		LEFT JOIN identities i ON m.kind = 'identity' AND i.id = m.member_id
		LEFT JOIN groups c ON m.kind = 'group' AND c.id = m.member_id
		WHERE m.group_id = ? ORDER BY m.id`, string(g)).Scan(&members).Error
	return members, err
}

// MemberKinds tells which of list exist in the connection, and what they are.
func (s *Store) MemberKinds(ctx context.Context, c provision.ConnectionID, list []provision.MemberID) (map[provision.MemberID]provision.MemberKind, error) {
	var found []provision.Member
	err := s.read(ctx).Raw(`
		SELECT id, 'identity' AS kind FROM identities WHERE connection_id = ? AND status <> 'removed' AND id `+s.sql.inList+`
		UNION ALL
		SELECT id, 'group' AS kind FROM groups WHERE connection_id = ? AND id `+s.sql.inList,
		string(c), bindIDs(list), string(c), bindIDs(list)).Scan(&found).Error
	if err != nil {
		return nil, err
	}
	kinds := make(map[provision.MemberID]provision.MemberKind, len(found))
	for _, m := range found {
		kinds[m.ID] = m.Kind
	}
	return kinds, nil
}

// LockMembers implements [directory.Store].
func (s *Store) LockMembers(ctx context.Context, c provision.ConnectionID, add, remove []provision.MemberID) (map[provision.MemberID]provision.MemberKind, error) {
	if s.pg == nil { // nobody else can write meanwhile
		kinds, err := s.MemberKinds(ctx, c, slices.Concat(add, remove))
		s.noteMembers(kinds)
		return kinds, err
	}
	kinds := make(map[provision.MemberID]provision.MemberKind, len(add)+len(remove))
	note := func(kind provision.MemberKind) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					return err
				}
				kinds[provision.MemberID(id)] = kind
			}
			return nil
		}
	}
	all := bindable(slices.Concat(add, remove))
	err := s.pg.send(ctx,
		statement{sql: lockMembers, args: []any{string(c), all}, read: note(provision.MemberIdentity)},
		statement{sql: readMemberGroups, args: []any{string(c), all}, read: note(provision.MemberGroup)})
	s.noteMembers(kinds)
	return kinds, err
}

// noteMembers notes the locks of the people among members.
func (s *Store) noteMembers(members map[provision.MemberID]provision.MemberKind) {
	var people []string
	for id, kind := range members {
		if kind == provision.MemberIdentity {
			people = append(people, string(id))
		}
	}
	s.order.note(rankIdentity, people...)
}

// The statements behind [Store.LockMembers] and [Store.RemoveMembers] on
// PostgreSQL.
const (
	lockMembers      = `SELECT id FROM identities WHERE connection_id = $1 AND status <> 'removed' AND id ` + inSecond + ` ORDER BY id FOR NO KEY UPDATE`
	readMemberGroups = `SELECT id FROM groups WHERE connection_id = $1 AND id ` + inSecond

	// Each member is looked for by itself, and the group is named in a way that no
	// index serves: who looks for the group by index reads all of its members, and
	// the planner does that, or reads the table, where it has been told of other
	// times or groups only. Members are in few groups, and found by theirs.
	removeMembers = `DELETE FROM members WHERE ctid = ANY (ARRAY(
			SELECT (SELECT m.ctid FROM members m WHERE m.member_id = l.id COLLATE "C" AND m.group_id || '' = $1) FROM unnest($2::text[]) AS l (id)
		)) RETURNING member_id`

	// inSecond is the condition to be one of the list $2. The planner is not told
	// how long that is: with statistics of before, it would rather read everybody
	// than look for a hundred by index.
	inSecond = `= ANY (ARRAY(SELECT l.id COLLATE "C" FROM unnest($2::text[]) AS l (id)))`
)

// bindable returns ids as PostgreSQL takes them in an array, without those that
// no row can have.
func bindable[T ~string](ids []T) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if checkText("", string(id)) == nil {
			out = append(out, string(id))
		}
	}
	return out
}

// AddMembers implements [directory.Store].
func (s *Store) AddMembers(ctx context.Context, c provision.ConnectionID, g provision.GroupID, members []provision.Member) (added []provision.MemberID, _ error) {
	err := s.InTx(ctx, func(tx *Store) error {
		added = nil
		for batch := range slices.Chunk(members, insertBatch) {
			ids, err := tx.addMembers(ctx, c, g, batch)
			if err != nil {
				return err
			}
			added = append(added, ids...)
		}
		return nil
	})
	return added, err
}

func (s *Store) addMembers(ctx context.Context, c provision.ConnectionID, g provision.GroupID, members []provision.Member) ([]provision.MemberID, error) {
	if s.pg != nil {
		return s.pg.addMembers(ctx, c, g, members)
	}
	values := clause.Values{Columns: []clause.Column{{Name: "connection_id"}, {Name: "group_id"}, {Name: "member_id"}, {Name: "kind"}}}
	for _, m := range members {
		values.Values = append(values.Values, []any{string(c), string(g), string(m.ID), string(m.Kind)})
	}
	var added []provision.MemberID
	err := s.write(ctx).Raw(`INSERT INTO members ? ON CONFLICT (group_id, member_id) DO NOTHING RETURNING member_id`,
		values).Scan(&added).Error
	return added, translate(err, "group")
}

// addMembers is [Store.addMembers] with two bound lists in place of four values a
// member. The rows get their order from the list.
func (t *pgTx) addMembers(ctx context.Context, c provision.ConnectionID, g provision.GroupID, members []provision.Member) (added []provision.MemberID, _ error) {
	ids, kinds := make([]string, len(members)), make([]string, len(members))
	for i, m := range members {
		ids[i], kinds[i] = string(m.ID), string(m.Kind)
	}
	err := t.send(ctx, statement{what: "group", args: []any{string(c), string(g), ids, kinds},
		sql: `INSERT INTO members (connection_id, group_id, member_id, kind)
			SELECT $1, $2, m.id, m.kind FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS m (id, kind, place) ORDER BY m.place
			ON CONFLICT (group_id, member_id) DO NOTHING RETURNING member_id`,
		read: readMemberIDs(&added)})
	return added, err
}

func readMemberIDs(into *[]provision.MemberID) func(pgx.Rows) error {
	return eachOf(func(row scanner) error {
		var id string
		err := row.Scan(&id)
		*into = append(*into, provision.MemberID(id))
		return err
	})
}

// RemoveMembers implements [directory.Store].
func (s *Store) RemoveMembers(ctx context.Context, g provision.GroupID, list []provision.MemberID) ([]provision.MemberID, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if s.pg != nil {
		var gone []provision.MemberID
		err := s.pg.send(ctx, statement{sql: removeMembers, args: []any{string(g), bindable(list)}, read: readMemberIDs(&gone)})
		slices.Sort(gone)
		return gone, err
	}
	return deleteReturning[provision.MemberID](s.write(ctx),
		`DELETE FROM members WHERE group_id = ? AND member_id `+s.sql.inList+` RETURNING member_id`, string(g), bindIDs(list))
}

// RemoveMemberships implements [directory.Store]. The groups are other ones
// without the member: their versions move, so that no copy of them passes for
// the newest.
func (s *Store) RemoveMemberships(ctx context.Context, id provision.MemberID, at time.Time) ([]provision.GroupID, error) {
	groups, err := deleteReturning[provision.GroupID](s.write(ctx),
		`DELETE FROM members WHERE member_id = ? RETURNING group_id`, string(id))
	if err != nil {
		return nil, err
	}
	for _, g := range groups { // sorted: whoever locks several takes them in one order
		err := s.do(ctx, "group", func(db *gorm.DB) *gorm.DB {
			return db.Exec(`UPDATE groups SET version = version + 1, updated_at = ? WHERE id = ?`, fromTime(at), string(g))
		})
		if err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// deleteReturning returns the ids that a DELETE … RETURNING reports, in order.
func deleteReturning[T ~string](db *gorm.DB, statement string, args ...any) ([]T, error) {
	var gone []T
	if err := db.Raw(statement, args...).Scan(&gone).Error; err != nil {
		return nil, err
	}
	slices.Sort(gone)
	return gone, nil
}

// Edges implements [entitlement.Store]. It climbs one level at a time: there are
// few, and each is a look-up by index, while the databases would read the whole
// table for a recursive query.
func (s *Store) Edges(ctx context.Context, c provision.ConnectionID, list []provision.MemberID) ([]provision.Edge, error) {
	var edges []provision.Edge
	seen := map[provision.MemberID]bool{} // groups may contain each other
	for level := list; len(level) > 0; {
		var next []provision.MemberID
		for _, id := range level {
			if !seen[id] {
				seen[id] = true
				next = append(next, id)
			}
		}
		found, err := s.edgesOf(ctx, c, next)
		if err != nil {
			return nil, err
		}
		edges = append(edges, found...)
		level = nil
		for _, e := range found {
			level = append(level, provision.MemberID(e.Group))
		}
	}
	slices.SortFunc(edges, func(a, b provision.Edge) int {
		return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Group, b.Group))
	})
	return edges, nil
}

// edgesOf returns the memberships of list themselves.
func (s *Store) edgesOf(ctx context.Context, c provision.ConnectionID, list []provision.MemberID) ([]provision.Edge, error) {
	var edges []provision.Edge
	if len(list) == 0 {
		return nil, nil
	}
	// CROSS JOIN makes SQLite begin with members.
	err := s.each(ctx, `
		SELECT m.member_id, m.group_id, g.display_name
		FROM members m CROSS JOIN groups g
		WHERE g.id = m.group_id AND m.connection_id = $1 AND m.member_id `+s.sql.boundInList(2), []any{string(c), bindIDs(list)},
		func(row scanner) error {
			var member, group, name string
			err := row.Scan(&member, &group, &name)
			edges = append(edges, provision.Edge{Member: provision.MemberID(member), Group: provision.GroupID(group), GroupName: name})
			return err
		})
	return edges, err
}
