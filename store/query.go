package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

// page answers q about the rows that base selects, whose attributes are where
// sc says, which find reads and count counts; skip passes over the first q.Offset
// of them.
//
// A page that is not full tells the total by itself: nearly every filter asks
// for a single resource, and needs no second look.
func page[T any](s *Store, base *gorm.DB, sc *sqlfilter.Scope, c provision.ConnectionID, q provision.Query, find func(db *gorm.DB, bytes int) (found []T, more bool, _ error), count func(*gorm.DB) (int, error), skip func(*gorm.DB, provision.Query) *gorm.DB) (result provision.Page[T], _ error) {
	base, order, err := selection(s, base, sc, c, q)
	if err != nil {
		return result, err
	}
	base = base.Session(&gorm.Session{}) // two statements start from here
	if q.Limit > 0 {
		var more bool
		result.Items, more, err = find(s.atOnce(skip(base, q).Order(order).Limit(q.Limit), sc, q.Where), q.Bytes)
		if err != nil {
			return provision.Page[T]{}, translate(err, "object")
		}
		if n := len(result.Items); !more && n < q.Limit && (n > 0 || q.Offset == 0) {
			result.Total = q.Offset + n
			return result, nil
		}
	}
	if result.Total, err = count(base); err != nil {
		return provision.Page[T]{}, translate(err, "object")
	}
	if n := len(result.Items); n > 0 {
		result.Total = max(result.Total, q.Offset+n) // some may have gone in between
	}
	return result, nil
}

// atOnce has SQLite find all rows of a page before it gives the first: its
// driver ends a search whose time is over up to there, and not between rows,
// however long it looks for the next one.
func (s *Store) atOnce(rows *gorm.DB, sc *sqlfilter.Scope, where provision.Expr) *gorm.DB {
	if s.dialect != SQLite || where == nil || provision.Indexed(where) {
		return rows
	}
	table := identityTable
	if sc == sqlfilter.Groups {
		table = "groups"
	}
	order := rows.Statement.Clauses["ORDER BY"].Expression.(clause.OrderBy)
	found := rows.Session(&gorm.Session{NewDB: true}).Table(table).Order(order)
	return found.Where(table+".id IN (?)", rows.Select(table+".id"))
}

// skipRows passes over rows one by one.
func skipRows(base *gorm.DB, q provision.Query) *gorm.DB { return base.Offset(q.Offset) }

// manyRows is from where on people are passed over in the index.
const manyRows = 1000

// skipPeople passes over people. Where these are many and in order of id, it does
// so in an index, without looking at the rows, and from the nearer end: the last
// page costs what the first does. How many there are is read in the same
// statement, lest somebody who comes in between move the page.
func (s *Store) skipPeople(ctx context.Context, c provision.ConnectionID) func(*gorm.DB, provision.Query) *gorm.DB {
	return func(base *gorm.DB, q provision.Query) *gorm.DB {
		if q.Offset < manyRows || q.Where != nil || len(q.SortBy) > 0 || q.Descending {
			return skipRows(base, q)
		}
		oneOf := func(limit string) string {
			return `identities.id ` + fmt.Sprintf(s.sql.oneOf, `SELECT id FROM identities WHERE connection_id = ? AND status <> 'removed' ORDER BY id `+limit)
		}
		total, err := s.countPeople(ctx, c, nil)(base)
		if err != nil || q.Offset <= total/2 { // the error will come again
			return base.Where(oneOf(`LIMIT ? OFFSET ?`), string(c), q.Limit, q.Offset)
		}
		left := `(SELECT CAST(coalesce(sum(live), 0) AS BIGINT) FROM identity_counts WHERE connection_id = ?) - `
		return base.Where(oneOf(`DESC LIMIT `+s.sql.greatest+`(0, `+s.sql.least+`(?, `+left+`?)) OFFSET `+s.sql.greatest+`(0, `+left+`?)`),
			string(c), q.Limit, string(c), q.Offset, string(c), q.Offset+q.Limit)
	}
}

// countRows counts rows one by one.
func countRows(base *gorm.DB) (int, error) {
	var n int64
	err := base.Count(&n).Error
	return int(n), err
}

// countPeople counts the people of a connection: all of them without a look at
// any.
func (s *Store) countPeople(ctx context.Context, c provision.ConnectionID, where provision.Expr) func(*gorm.DB) (int, error) {
	if where != nil {
		return countRows
	}
	return func(*gorm.DB) (int, error) { return s.countLive(ctx, c) }
}

// countLive counts the people of a connection who are not removed, without a look at any.
func (s *Store) countLive(ctx context.Context, c provision.ConnectionID) (n int, _ error) {
	err := s.each(ctx, `SELECT CAST(coalesce(sum(live), 0) AS BIGINT) FROM identity_counts WHERE connection_id = $1`, []any{string(c)},
		func(row scanner) error { return row.Scan(&n) })
	return n, err
}

// selection returns the rows of base that q asks for, and their order.
func selection(s *Store, base *gorm.DB, sc *sqlfilter.Scope, c provision.ConnectionID, q provision.Query) (*gorm.DB, clause.OrderBy, error) {
	if q.Where != nil {
		where, err := sqlfilter.Where(s.sql.filter, sc, c, q.Where)
		if err != nil {
			return nil, clause.OrderBy{}, err
		}
		base = base.Where(where.SQL, where.Args...)
	}
	order, err := sqlfilter.Order(s.sql.filter, sc, q)
	if err != nil {
		return nil, clause.OrderBy{}, err
	}
	return base, clause.OrderBy{Expression: clause.Expr{SQL: order.SQL, Vars: order.Args}}, nil
}
