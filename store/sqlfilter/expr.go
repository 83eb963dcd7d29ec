package sqlfilter

import (
	"fmt"
	"strconv"

	"github.com/deskbridge/deskbridge/provision"
)

// compiler translates a [provision.Expr] to SQL.
//
// Every condition it writes is true or false, never NULL: columns that filters
// see are NOT NULL, and everything else is asked for with EXISTS or IN. So NOT
// needs no care. Every value from outside is a bound parameter.
type compiler struct {
	dialect    Dialect
	connection string
	aliases    int
}

// Where returns the condition that a row of the resources in sc, all of which
// belong to the connection, satisfies e. It is in parentheses unless e is a
// [provision.Constant]. What cannot be asked is Invalid, about
// [provision.ParameterFilter].
func Where(d Dialect, sc *Scope, c provision.ConnectionID, e provision.Expr) (Fragment, error) {
	return (&compiler{dialect: d, connection: string(c)}).condition(sc, e)
}

// condition returns e as SQL, in parentheses.
func (c *compiler) condition(sc *Scope, e provision.Expr) (Fragment, error) {
	switch e := e.(type) {
	case provision.And:
		return c.both(sc, e.Left, " AND ", e.Right)
	case provision.Or:
		return c.both(sc, e.Left, " OR ", e.Right)
	case provision.Not:
		inner, err := c.condition(sc, e.Expr)
		return Join(Frag("(NOT "), inner, Frag(")")), err
	case provision.Compare:
		return c.compare(sc, e)
	case provision.Element:
		return c.element(sc, e)
	case provision.Constant:
		if e {
			return always, nil
		}
		return never, nil
	}
	return Fragment{}, fmt.Errorf("sqlfilter: unknown expression %T", e)
}

func (c *compiler) both(sc *Scope, left provision.Expr, operator string, right provision.Expr) (Fragment, error) {
	l, err := c.condition(sc, left)
	if err != nil {
		return Fragment{}, err
	}
	r, err := c.condition(sc, right)
	return Join(Frag("("), l, Frag(operator), r, Frag(")")), err
}

// compare returns a comparison: of a column, of a column of rows that belong to
// the resource, or of what the document holds.
func (c *compiler) compare(sc *Scope, e provision.Compare) (Fragment, error) {
	if e.Value == nil && e.Op != provision.OpPresent {
		return c.compareNull(sc, e)
	}
	if col, ok := sc.columns[pathKey(e.Path)]; ok {
		cond, err := c.test(col, e)
		return Join(Frag("("), cond, Frag(")")), err
	}
	if rows, sub, ok := sc.rowsAt(e.Path); ok {
		e.Path = sub
		return c.someRow(rows, e)
	}
	return c.someElement(sc, e.Path, func(v node) (Fragment, error) { return c.test(v, e) })
}

// compareNull answers eq null and ne null, which ask for absence and presence.
func (c *compiler) compareNull(sc *Scope, e provision.Compare) (Fragment, error) {
	op := e.Op
	e.Op = provision.OpPresent
	switch op {
	case provision.OpEqual:
		return c.condition(sc, provision.Not{Expr: e})
	case provision.OpNotEqual:
		return c.condition(sc, e)
	}
	return Fragment{}, unanswerable("only eq and ne can be asked of null, not " + string(op))
}

// element returns the condition that one element of a multi-valued attribute
// satisfies all of e.Where.
func (c *compiler) element(sc *Scope, e provision.Element) (Fragment, error) {
	if rows, ok := sc.rows[pathKey(e.Path)]; ok && (rows.only || rows.columns.know(e.Where)) {
		return c.someRow(rows, e.Where)
	}
	return c.someElement(sc, e.Path, func(v node) (Fragment, error) {
		return c.condition(&Scope{document: v}, e.Where)
	})
}

// someRow returns the condition that one of the rows that belong to the
// resource satisfies where.
func (c *compiler) someRow(rows *rowSet, where provision.Expr) (Fragment, error) {
	cond, err := c.condition(&Scope{columns: rows.columns}, where)
	if err != nil {
		return Fragment{}, err
	}
	if rows.nested {
		return c.inGroups(rows, cond), nil
	}
	query := Frag("(" + rows.key + " IN (SELECT " + rows.owner + " FROM " + rows.from + " WHERE ")
	if rows.connection != "" {
		query = Join(query, Frag(rows.connection+" = ? AND ", c.connection))
	}
	return Join(query, cond, Frag("))")), nil
}

// inGroups returns the condition that the resource is in a group g that
// satisfies cond, directly or through groups in it. CROSS JOIN makes SQLite
// begin with the groups.
func (c *compiler) inGroups(rows *rowSet, cond Fragment) Fragment {
	return Join(
		Frag("("+rows.key+" IN (WITH RECURSIVE inside (id) AS (SELECT g.id FROM groups g WHERE g.connection_id = ? AND ", c.connection), cond,
		Frag(" UNION SELECT m.member_id FROM inside CROSS JOIN members m WHERE m.group_id = inside.id AND m.kind = 'group')"+
			" SELECT m.member_id FROM inside CROSS JOIN members m WHERE m.group_id = inside.id AND m.kind = 'identity'))"))
}

// someElement returns the condition that one of the values at path in the
// document satisfies test. A null is no value (RFC 7643 §2.5).
func (c *compiler) someElement(sc *Scope, path provision.Path, test func(node) (Fragment, error)) (Fragment, error) {
	if sc.document == nil {
		return Fragment{}, unanswerable("there is no such attribute to search by")
	}
	from, v, err := c.values(sc.document, path)
	if err != nil {
		return Fragment{}, err
	}
	cond, err := test(v)
	return Join(Frag("(EXISTS (SELECT 1 FROM "), from, Frag(" WHERE "+c.nodeSQL(v).isValue+" AND "), cond, Frag("))")), err
}

// alias returns a fresh name for a table.
func (c *compiler) alias() string {
	c.aliases++
	return "e" + strconv.Itoa(c.aliases)
}

// unanswerable is the error for a query that the protocol edge should have
// refused; why goes to the client.
func unanswerable(why string) error {
	return provision.Unusable(provision.ParameterFilter, "%s", why)
}
