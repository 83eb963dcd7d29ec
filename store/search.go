package store

import (
	"context"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

// kind is one kind of resource that a search looks for.
type kind struct {
	name  provision.MemberKind
	table string
	scope *sqlfilter.Scope
	base  func() *gorm.DB // the rows of the connection
	asked *provision.Selection

	columns string // of people: what is read of them
}

// spot is a row of a search before it is read: which it is, and where it
// stands.
type spot struct {
	kind provision.MemberKind
	provision.Position
}

// Search implements [directory.Store]. It looks up the order first, of which
// only ids and sort keys are read, and then the rows of the page.
func (s *Store) Search(ctx context.Context, c provision.ConnectionID, q provision.Search) (provision.Finding, error) {
	kinds := s.kinds(ctx, c, q)
	var out provision.Finding
	for _, k := range kinds {
		base, err := k.selected(s, c)
		if err != nil {
			return provision.Finding{}, err
		}
		count := countRows
		if k.name == provision.MemberIdentity {
			count = s.countPeople(ctx, c, k.asked.Where)
		}
		n, err := count(base)
		if err != nil {
			return provision.Finding{}, translate(err, "object")
		}
		out.Total += n
	}
	if q.Limit <= 0 || out.Total == 0 {
		return out, nil
	}
	if !q.Sorted && q.Groups == nil {
		return s.walk(c, kinds[0], q, out)
	}
	positions, err := s.positions(ctx, c, kinds, q)
	if err != nil {
		return provision.Finding{}, err
	}
	last := len(positions) <= q.Limit
	if !last {
		positions = positions[:q.Limit]
	}
	read := 0
	out.Items, read, err = s.found(kinds, c, positions, q.Bytes)
	if read > 0 && (read < len(positions) || !last) {
		out.Next = &positions[read-1].Position
	}
	return out, err
}

// walk adds a page of people in order of id to out. It needs no look at the
// order first.
func (s *Store) walk(c provision.ConnectionID, people kind, q provision.Search, out provision.Finding) (provision.Finding, error) {
	base, err := people.selected(s, c)
	if err != nil {
		return provision.Finding{}, err
	}
	id := people.table + ".id"
	if q.After != nil {
		if err := fits(q.After, false); err != nil {
			return provision.Finding{}, err
		}
		behind := searchBehind(q, sqlfilter.Key{}, id)
		base = base.Where(behind.SQL, behind.Args...)
	}
	order := clause.OrderBy{Expression: clause.Expr{SQL: searchOrder(q, sqlfilter.Fragment{}, id).SQL}}
	found, more, err := s.findSome(s.atOnce(base.Order(order).Offset(q.Offset).Limit(q.Limit+1), people.scope, people.asked.Where), people.columns, q.Bytes)
	if err != nil {
		return provision.Finding{}, translate(err, "object")
	}
	if len(found) > q.Limit {
		found, more = found[:q.Limit], true
	}
	if more {
		out.Next = &provision.Position{ID: string(found[len(found)-1].ID)}
	}
	for i := range found {
		out.Items = append(out.Items, provision.Found{Identity: &found[i]})
	}
	return out, nil
}

// kinds lists what q looks for.
func (s *Store) kinds(ctx context.Context, c provision.ConnectionID, q provision.Search) []kind {
	var out []kind
	if q.People != nil {
		columns := columnsOfPeople(q.Brief, q.Bare)
		out = append(out, kind{provision.MemberIdentity, identityTable, sqlfilter.People,
			func() *gorm.DB { return live(s.read(ctx).Table(identityTable), c) }, q.People, columns})
	}
	if q.Groups != nil {
		out = append(out, kind{provision.MemberGroup, "groups", sqlfilter.Groups,
			func() *gorm.DB { return s.read(ctx).Where("connection_id = ?", string(c)).Model(&groupRow{}) }, q.Groups, ""})
	}
	return out
}

// selected returns the rows that are asked for.
func (k kind) selected(s *Store, c provision.ConnectionID) (*gorm.DB, error) {
	base, _, err := selection(s, k.base(), k.scope, c, provision.Query{Where: k.asked.Where})
	return base, err
}

// positions returns where the rows of one page stand, and that of one more where
// there is one.
func (s *Store) positions(ctx context.Context, c provision.ConnectionID, kinds []kind, q provision.Search) ([]spot, error) {
	keys, err := s.sortKeys(kinds, q)
	if err != nil {
		return nil, err
	}
	var branches []string
	var args []any
	for i, k := range kinds {
		branch, err := k.branch(s, c, q, keys[i])
		if err != nil {
			return nil, err
		}
		branches = append(branches, "SELECT kind, id, sort_key FROM (?) AS "+k.table)
		args = append(args, branch)
	}
	statement := "SELECT kind, id, sort_key FROM (" + strings.Join(branches, " UNION ALL ") +
		") AS found ORDER BY " + searchOrder(q, sqlfilter.Frag("sort_key"), "id").SQL + " LIMIT ? OFFSET ?"
	rows, err := s.read(ctx).Raw(statement, append(args, q.Limit+1, q.Offset)...).Rows()
	if err != nil {
		return nil, translate(err, "object")
	}
	defer rows.Close()
	var out []spot
	for rows.Next() {
		var p spot
		if err := rows.Scan(&p.kind, &p.ID, &p.Key); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// branch returns the query of one kind, with no more rows than the page needs.
func (k kind) branch(s *Store, c provision.ConnectionID, q provision.Search, key sqlfilter.Key) (*gorm.DB, error) {
	base, err := k.selected(s, c)
	if err != nil {
		return nil, err
	}
	id := k.table + ".id"
	if q.After != nil {
		behind := searchBehind(q, key, id)
		base = base.Where(behind.SQL, behind.Args...)
	}
	order := searchOrder(q, key.Fragment, id)
	return base.Select("'"+string(k.name)+"' AS kind, "+id+" AS id, "+key.SQL+" AS sort_key", key.Args...).
		Order(clause.OrderBy{Expression: clause.Expr{SQL: order.SQL, Vars: order.Args}}).
		Limit(q.Offset + q.Limit + 1), nil
}

// longestKey is how many characters of a value count when a search sorts by
// it: positions travel in addresses.
const longestKey = 256

// sortKeys returns what each kind is sorted by. All are of one type, so that
// the lists can be put together.
func (s *Store) sortKeys(kinds []kind, q provision.Search) ([]sqlfilter.Key, error) {
	keys := make([]sqlfilter.Key, len(kinds))
	number := false
	for i, k := range kinds {
		if !q.Sorted || k.asked.SortBy == nil {
			continue
		}
		var err error
		if keys[i], err = k.sortKey(s, k.asked.SortBy); err != nil {
			return nil, err
		}
		number = number || keys[i].Number
	}
	for i, key := range keys {
		switch {
		case key.SQL == "" && number:
			keys[i].Fragment = sqlfilter.Frag("CAST(NULL AS BIGINT)")
		case key.SQL == "":
			keys[i].Fragment = sqlfilter.Frag("CAST(NULL AS TEXT)")
		}
		keys[i].Number = number
	}
	if q.After != nil {
		return keys, fits(q.After, number)
	}
	return keys, nil
}

// sortKey returns what a kind is sorted by. What every resource has is short, and
// found by index.
func (k kind) sortKey(s *Store, path provision.Path) (sqlfilter.Key, error) {
	key, err := sqlfilter.SortKey(s.sql.filter, k.scope, path)
	if err == nil && !key.Required {
		key.Fragment = sqlfilter.Join(sqlfilter.Frag("substr("), key.Fragment, sqlfilter.Frag(", 1, "+strconv.Itoa(longestKey)+")"))
	}
	return key, err
}
