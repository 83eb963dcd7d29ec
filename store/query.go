package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

// page answers q about the rows that base selects: those of type R, whose
// attributes are where sc says.
func page[R, T any](ctx context.Context, s *Store, base *gorm.DB, sc *scope, c provision.ConnectionID, q provision.Query, one func(R) (T, error)) (provision.Page[T], error) {
	base, order, err := selection(s, base.Model(new(R)), sc, c, q)
	if err != nil {
		return provision.Page[T]{}, err
	}
	base = base.Session(&gorm.Session{}) // two statements start from here

	var total int64
	if err := base.Count(&total).Error; err != nil {
		return provision.Page[T]{}, translate(err, "object")
	}
	result := provision.Page[T]{Total: int(total)}
	if q.Limit <= 0 || total == 0 {
		return result, nil
	}
	var rows []R
	if err := base.Order(order).Offset(q.Offset).Limit(q.Limit).Find(&rows).Error; err != nil {
		return provision.Page[T]{}, translate(err, "object")
	}
	result.Items, err = convert(rows, one)
	return result, err
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
