package filter

import (
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Holds reports whether one element of a multi-valued attribute satisfies a
// value filter, as [Path.Where] makes them. An element of a complex attribute is
// a map[string]any; numbers in it are not compared.
func Holds(where provision.Expr, element any) bool {
	switch where := where.(type) {
	case provision.And:
		return Holds(where.Left, element) && Holds(where.Right, element)
	case provision.Or:
		return Holds(where.Left, element) || Holds(where.Right, element)
	case provision.Not:
		return !Holds(where.Expr, element)
	case provision.Compare:
		return compares(where, valueAt(element, where.Path))
	}
	return false
}

// valueAt returns the sub-attribute of an element; a simple element is its own
// value.
func valueAt(element any, path provision.Path) any {
	o, ok := element.(map[string]any)
	if !ok {
		return element
	}
	return o[path[0]]
}

func compares(c provision.Compare, have any) bool {
	switch {
	case c.Op == provision.OpPresent:
		return have != nil
	case c.Value == nil:
		return (have == nil) == (c.Op == provision.OpEqual)
	case have == nil:
		return false
	}
	switch want := c.Value.(type) {
	case string:
		s, ok := have.(string)
		return ok && comparesText(c, s, want)
	case bool:
		b, ok := have.(bool)
		return ok && (b == want) == (c.Op == provision.OpEqual)
	}
	return false // no sub-attribute of a multi-valued attribute has another type
}

func comparesText(c provision.Compare, have, want string) bool {
	if !c.CaseExact {
		have, want = provision.Fold(have), provision.Fold(want)
	}
	switch c.Op {
	case provision.OpEqual:
		return have == want
	case provision.OpNotEqual:
		return have != want
	case provision.OpContains:
		return strings.Contains(have, want)
	case provision.OpStartsWith:
		return strings.HasPrefix(have, want)
	case provision.OpEndsWith:
		return strings.HasSuffix(have, want)
	case provision.OpGreater:
		return have > want
	case provision.OpGreaterOrEqual:
		return have >= want
	case provision.OpLess:
		return have < want
	case provision.OpLessOrEqual:
		return have <= want
	}
	return false
}

// Terms returns the sub-attributes that an element must have to satisfy where;
// ok is false unless where consists of eq comparisons joined by and.
func Terms(where provision.Expr) (_ map[string]any, ok bool) {
	switch where := where.(type) {
	case provision.And:
		left, ok := Terms(where.Left)
		if !ok {
			return nil, false
		}
		right, ok := Terms(where.Right)
		if !ok {
			return nil, false
		}
		for name, value := range right {
			if have, twice := left[name]; twice && have != value {
				return nil, false
			}
			left[name] = value
		}
		return left, true
	case provision.Compare:
		if where.Op != provision.OpEqual || where.Value == nil {
			return nil, false
		}
		return map[string]any{where.Path[0]: where.Value}, true
	}
	return nil, false
}
