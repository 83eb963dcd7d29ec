package store

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

// page answers q about the rows that base selects, whose attributes are where
// sc says, and which find reads.
//
// A page that is not full tells the total by itself: nearly every filter asks
// for a single resource, and needs no second look.
func page[T any](s *Store, base *gorm.DB, sc *scope, c provision.ConnectionID, q provision.Query, find func(*gorm.DB) ([]T, error)) (result provision.Page[T], _ error) {
	base, order, err := selection(s, base, sc, c, q)
	if err != nil {
		return result, err
	}
	base = base.Session(&gorm.Session{}) // two statements start from here
	if q.Limit > 0 {
		result.Items, err = find(base.Order(order).Offset(q.Offset).Limit(q.Limit))
		if err != nil {
			return provision.Page[T]{}, translate(err, "object")
		}
		if n := len(result.Items); n < q.Limit && (n > 0 || q.Offset == 0) {
			result.Total = q.Offset + n
			return result, nil
		}
	}
	var total int64
	if err := base.Count(&total).Error; err != nil {
		return provision.Page[T]{}, translate(err, "object")
	}
	if n := len(result.Items); n > 0 {
		total = max(total, int64(q.Offset+n)) // some may have gone in between
	}
	result.Total = int(total)
	return result, nil
}

// selection returns the rows of base that q asks for, and their order.
func selection(s *Store, base *gorm.DB, sc *scope, c provision.ConnectionID, q provision.Query) (*gorm.DB, clause.OrderBy, error) {
	compiler := &compiler{dialect: s.dialect, sql: s.sql, connection: string(c)}
	if q.Where != nil {
		where, err := compiler.condition(sc, q.Where)
		if err != nil {
			return nil, clause.OrderBy{}, err
		}
		base = base.Where(where.sql, where.args...)
	}
	order, err := compiler.order(sc, q)
	if err != nil {
		return nil, clause.OrderBy{}, err
	}
	return base, clause.OrderBy{Expression: clause.Expr{SQL: order.sql, Vars: order.args}}, nil
}

// fragment is a piece of SQL with its bound parameters.
type fragment struct {
	sql  string
	args []any
}

func frag(sql string, args ...any) fragment { return fragment{sql, args} }

// join returns the pieces one after the other.
func join(pieces ...fragment) fragment {
	var all fragment
	for _, p := range pieces {
		all.sql += p.sql
		all.args = append(all.args, p.args...)
	}
	return all
}

// The conditions that need no row.
var (
	always = frag("1 = 1")
	never  = frag("1 = 0")
)
