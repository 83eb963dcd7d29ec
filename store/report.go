package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
)

// question is a statement that is put together with its arguments ($1, $2, …).
type question struct {
	strings.Builder
	args []any
}

// add adds text in which each ? stands for the next of args.
func (q *question) add(text string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(text, "?")
		q.args = append(q.args, arg)
		q.WriteString(before + "$" + strconv.Itoa(len(q.args)))
		text = after
	}
	q.WriteString(text)
}

// personColumns are what [scanPerson] reads.
const personColumns = `SELECT identities.id, identities.connection_id, identities.user_name, identities.user_name_folded, identities.external_id,
	identities.source, identities.status, identities.terms, identities.profile, identities.version, identities.created_at, identities.updated_at FROM identities`

// lookedAtFirst is of how many people, in the order of the list, somebody who is
// searched for is looked for before all names are: what many are called fills a page there.
const lookedAtFirst = 2000

// ListPeople implements [report.Store]. Its order is that of the index on userNames.
func (s *Store) ListPeople(ctx context.Context, f report.PeopleQuery) ([]report.PersonRow, error) {
	if checkText("", f.Search) != nil {
		return nil, nil // nobody is called that
	}
	if f.Search != "" && f.Status != provision.StatusRemoved {
		found, err := s.listPeople(ctx, f, s.searchFirst)
		if err != nil || len(found) >= f.Limit {
			return found, err
		}
		return s.listPeople(ctx, f, s.searchAll)
	}
	return s.listPeople(ctx, f, func(q *question, f report.PeopleQuery) {
		q.add(personColumns+` WHERE connection_id = ?`, string(f.Connection))
		if f.Search != "" {
			s.matching(q, f.Search)
		}
	})
}

// listPeople puts the conditions of f, all but the search, and the order behind what
// begin says.
func (s *Store) listPeople(ctx context.Context, f report.PeopleQuery, begin func(*question, report.PeopleQuery)) ([]report.PersonRow, error) {
	var q question
	begin(&q, f)
	q.add(` AND (user_name_folded, id) > (?, ?)`, f.AfterName, string(f.AfterID))
	switch f.Status {
	case provision.StatusRemoved:
		q.add(` AND status = 'removed'`)
	case provision.StatusActive, provision.StatusSuspended:
		q.add(` AND status <> 'removed' AND status = ?`, string(f.Status))
	default:
		q.add(` AND status <> 'removed'`)
	}
	if f.Desk != "" {
		q.add(` AND EXISTS (SELECT 1 FROM accounts a WHERE a.identity_id = identities.id AND a.desk_id = ? AND a.state <> 'ended')`, string(f.Desk))
	}
	q.add(` ORDER BY user_name_folded, id LIMIT ?`, f.Limit)
	return s.people(ctx, &q)
}

// matching adds that a person's names or addresses hold text.
func (s *Store) matching(q *question, text string) {
	folded := provision.Fold(text)
	in := func(column string) string { return s.sql.position + "(" + column + ", ?) > 0" }
	q.add(` AND (`+in("user_name_folded")+` OR `+in("display_name_folded")+` OR external_id = ? OR EXISTS (
		SELECT 1 FROM identity_emails e WHERE e.identity_id = identities.id AND `+in("e.value_folded")+`))`, folded, folded, text, folded)
}

// searchFirst looks at the first of those who are listed.
func (s *Store) searchFirst(q *question, f report.PeopleQuery) {
	q.add(personColumns+`, (SELECT id AS near FROM identities WHERE connection_id = ? AND (user_name_folded, id) > (?, ?) AND status <> 'removed'
		ORDER BY user_name_folded, id LIMIT ?) first WHERE identities.id = near`, string(f.Connection), f.AfterName, string(f.AfterID), lookedAtFirst)
	s.matching(q, f.Search)
}

// searchAll looks at everybody's names and addresses, in indexes and a table that have
// little else, and at the people whose they are: by userName, which only one has of those who
// are not removed.
func (s *Store) searchAll(q *question, f report.PeopleQuery) {
	folded, conn := provision.Fold(f.Search), string(f.Connection)
	in := func(column string) string { return s.sql.position + "(" + column + ", ?) > 0" }
	q.add(personColumns+` WHERE connection_id = ? AND user_name_folded `+fmt.Sprintf(s.sql.oneOf, `
		SELECT user_name_folded FROM identities WHERE connection_id = ? AND status <> 'removed' AND `+in("user_name_folded")+`
		UNION ALL SELECT user_name_folded FROM identities WHERE status <> 'removed' AND id `+fmt.Sprintf(s.sql.oneOf, `
			SELECT id FROM identities WHERE connection_id = ? AND status <> 'removed' AND `+in("display_name_folded")+`
			UNION ALL SELECT id FROM identities WHERE connection_id = ? AND status <> 'removed' AND external_id = ? AND external_id <> ''
			UNION ALL SELECT identity_id FROM identity_emails WHERE connection_id = ? AND `+in("value_folded"))),
		conn, conn, folded, conn, folded, conn, f.Search, conn, folded)
}

// PeopleRows implements [report.Store].
func (s *Store) PeopleRows(ctx context.Context, ids []provision.IdentityID) ([]report.PersonRow, error) {
	var q question
	q.add(personColumns+` WHERE id `+s.sql.inList, bindIDs(ids))
	return s.people(ctx, &q)
}

func (s *Store) people(ctx context.Context, q *question) (found []report.PersonRow, _ error) {
	err := s.each(ctx, q.String(), q.args, func(row scanner) error {
		var r identityRow
		if err := row.Scan(&r.ID, &r.ConnectionID, &r.UserName, &r.UserNameFolded, &r.ExternalID, &r.Source, &r.Status, &r.Terms, &r.Profile, &r.Version, &r.CreatedAt, &r.UpdatedAt); err != nil {
			return err
		}
		id, err := r.identity()
		found = append(found, report.PersonRow{Identity: id, Sort: r.UserNameFolded})
		return err
	})
	return found, err
}

// ListGroups implements [report.Store].
func (s *Store) ListGroups(ctx context.Context, f report.GroupQuery) (found []report.GroupRow, _ error) {
	if checkText("", f.Search) != nil {
		return nil, nil // none is called that
	}
	var q question
	q.add(`SELECT id, connection_id, display_name, display_name_folded, external_id, version, created_at, updated_at,
		(SELECT count(*) FROM members m WHERE m.group_id = groups.id) FROM groups WHERE connection_id = ? AND display_name_folded > ?`,
		string(f.Connection), f.AfterName)
	if f.Search != "" {
		q.add(` AND `+s.sql.position+`(display_name_folded, ?) > 0`, provision.Fold(f.Search))
	}
	q.add(` ORDER BY display_name_folded LIMIT ?`, f.Limit)
	err := s.each(ctx, q.String(), q.args, func(row scanner) error {
		var r groupRow
		var n int
		if err := row.Scan(&r.ID, &r.ConnectionID, &r.DisplayName, &r.DisplayNameFolded, &r.ExternalID, &r.Version, &r.CreatedAt, &r.UpdatedAt, &n); err != nil {
			return err
		}
		g, err := r.group()
		found = append(found, report.GroupRow{Group: g, Members: n, Sort: r.DisplayNameFolded})
		return err
	})
	return found, err
}

// ListMembers implements [report.Store].
func (s *Store) ListMembers(ctx context.Context, g provision.GroupID, after int64, limit int) (found []report.MemberRow, _ error) {
	err := s.each(ctx, `
		SELECT m.id, m.member_id, m.kind, coalesce(nullif(i.display_name, ''), i.user_name, c.display_name, '')
		FROM (SELECT id, member_id, kind FROM members WHERE group_id = $1 AND id > $2 ORDER BY id LIMIT $3) m
		LEFT JOIN identities i ON m.kind = 'identity' AND i.id = m.member_id
		LEFT JOIN groups c ON m.kind = 'group' AND c.id = m.member_id
		ORDER BY m.id`, []any{string(g), after, limit},
		func(row scanner) error {
			var m report.MemberRow
			var id, kind string
			err := row.Scan(&m.Order, &id, &kind, &m.Display)
			m.ID, m.Kind = provision.MemberID(id), provision.MemberKind(kind)
			found = append(found, m)
			return err
		})
	return found, err
}

// CountMembers implements [report.Store].
func (s *Store) CountMembers(ctx context.Context, g provision.GroupID) (people, groups int, _ error) {
	err := s.each(ctx, `SELECT count(CASE kind WHEN 'identity' THEN 1 END), count(CASE kind WHEN 'group' THEN 1 END) FROM members WHERE group_id = $1`,
		[]any{string(g)}, func(row scanner) error { return row.Scan(&people, &groups) })
	return people, groups, err
}

// ListAccess implements [report.Store]. Its order is that of the index on desks.
func (s *Store) ListAccess(ctx context.Context, f report.AccessQuery) ([]provision.Account, error) {
	if checkText("", f.Team+f.Mailbox+string(f.Role)) != nil {
		return nil, nil // no desk calls anything so
	}
	query := s.read(ctx).Where("desk_id = ? AND (state, id) > (?, ?) AND state <> 'ended' AND granted ->> 'status' = 'active'",
		string(f.Desk), string(f.AfterState), string(f.AfterID))
	if f.Connection != "" {
		query = query.Where("connection_id = ?", string(f.Connection))
	}
	if f.Role != "" {
		query = query.Where("granted ->> 'role' = ?", string(f.Role))
	}
	for list, name := range map[string]string{"teams": f.Team, "mailboxes": f.Mailbox} {
		if name != "" {
			query = query.Where(fmt.Sprintf("EXISTS (SELECT 1 FROM "+s.sql.elements+" WHERE deskbridge_fold(one.value) = ?)", list), provision.Fold(name))
		}
	}
	return findAccounts(query.Order("state, id").Limit(f.Limit))
}

// AccessEntries implements [report.Store].
func (s *Store) AccessEntries(ctx context.Context, q report.EntryQuery) ([]provision.Entry, error) {
	db := s.read(ctx).Where("subject "+s.sql.inList+" AND action IN ? AND desk_id = ?", bindIDs(q.People), q.Actions, string(q.Desk))
	if q.After.ID > 0 {
		db = db.Where("(at, id) > (?, ?)", fromTime(q.After.At), q.After.ID)
	}
	return findEntries(db.Order("at, id").Limit(q.Limit))
}

// PeopleBeginning implements [report.Store].
func (s *Store) PeopleBeginning(ctx context.Context, prefix string, limit int) (names []string, _ error) {
	if checkText("", prefix) != nil {
		return nil, nil
	}
	connections, err := s.connectionIDs(ctx)
	for _, c := range connections {
		var some []string
		if err := beginning(s.read(ctx).Model(&identityRow{}).Where("connection_id = ? AND status <> 'removed'", c), "user_name_folded", prefix).
			Limit(limit-len(names)).Pluck("user_name", &some).Error; err != nil {
			return nil, err
		}
		names = append(names, some...)
		if len(names) >= limit {
			break
		}
	}
	return names, err
}

// GroupsBeginning implements [report.Store].
func (s *Store) GroupsBeginning(ctx context.Context, prefix string, limit int) (names []string, _ error) {
	if checkText("", prefix) != nil {
		return nil, nil
	}
	connections, err := s.connectionIDs(ctx)
	for _, c := range connections {
		var some []string
		if err := beginning(s.read(ctx).Model(&groupRow{}).Where("connection_id = ?", c), "display_name_folded", prefix).
			Limit(limit-len(names)).Pluck("display_name", &some).Error; err != nil {
			return nil, err
		}
		names = append(names, some...)
		if len(names) >= limit {
			break
		}
	}
	return names, err
}

func (s *Store) connectionIDs(ctx context.Context) (ids []string, _ error) {
	err := s.read(ctx).Model(&connectionRow{}).Order("name").Pluck("id", &ids).Error
	return ids, err
}

// beginning selects rows whose folded column begins with a prefix, in order.
func beginning(db *gorm.DB, column, prefix string) *gorm.DB {
	if prefix != "" {
		db = db.Where(column+" >= ? AND "+column+" < ?", prefix, prefix+"\U0010FFFF")
	}
	return db.Order(column)
}

// OpenSessionsLike implements [report.Store].
func (s *Store) OpenSessionsLike(ctx context.Context, part string, limit int) (ids []provision.SessionID, _ error) {
	if checkText("", part) != nil {
		return nil, nil
	}
	err := s.read(ctx).Model(&sessionRow{}).Where("ended_at IS NULL AND (substr(id, 1, length(?)) = ? OR substr(id, length(id) - length(?) + 1) = ?)", part, part, part, part).
		Limit(limit).Pluck("id", &ids).Error
	return ids, err
}
