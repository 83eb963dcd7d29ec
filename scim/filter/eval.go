package filter

import (
	"encoding/json"
	"math/big"
	"strings"

	"github.com/deskbridge/deskbridge/internal/decimal"
	"github.com/deskbridge/deskbridge/provision"
)

// Holds reports whether one element of a multi-valued attribute satisfies a
// value filter, as [Path.Where] makes them. An element of a complex attribute is
// a map[string]any.
func Holds(where provision.Expr, element any) bool { return holds(where, element, valueAt) }

// HoldsUnknown is [Holds] for filters of [Path.WhereUnknown], on elements whose
// sub-attributes are spelled in any letter case.
func HoldsUnknown(where provision.Expr, element any) bool {
	return holds(where, element, valueCalled)
}

func holds(where provision.Expr, element any, value func(element any, path provision.Path) any) bool {
	switch where := where.(type) {
	case provision.And:
		return holds(where.Left, element, value) && holds(where.Right, element, value)
	case provision.Or:
		return holds(where.Left, element, value) || holds(where.Right, element, value)
	case provision.Not:
		return !holds(where.Expr, element, value)
	case provision.Compare:
		return compares(where, value(element, where.Path))
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

// valueCalled is [valueAt] for names in any letter case.
func valueCalled(element any, path provision.Path) any {
	value := valueAt(element, path)
	if value != nil {
		return value
	}
	o, _ := element.(map[string]any)
	for name, value := range o {
		if strings.EqualFold(name, path[0]) {
			return value
		}
	}
	return nil
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
	case json.Number:
		n, _ := have.(json.Number)
		h, ok := number(n)
		w, known := number(want)
		return ok && known && comparesNumber(c.Op, h.Cmp(w))
	}
	return false // no sub-attribute of a multi-valued attribute has another type
}

// numberBits is how precisely numbers are compared: whatever is comparable is told
// apart, and is the same however it is written. The worst has [decimal.MaxDigits]
// behind the point and as many by its power; 5 to the power of both takes 4,644 bits.
const numberBits = 8192

// number returns a number of JSON; false for one that no database compares.
func number(n json.Number) (*big.Float, bool) {
	if !decimal.Comparable(n.String()) {
		return nil, false
	}
	f, _, err := big.ParseFloat(n.String(), 10, numberBits, big.ToNearestEven)
	return f, err == nil
}

// comparesNumber judges have compared with want: less than, equal to, or greater
// than 0.
func comparesNumber(op provision.Op, compared int) bool {
	switch op {
	case provision.OpEqual:
		return compared == 0
	case provision.OpNotEqual:
		return compared != 0
	case provision.OpGreater:
		return compared > 0
	case provision.OpGreaterOrEqual:
		return compared >= 0
	case provision.OpLess:
		return compared < 0
	case provision.OpLessOrEqual:
		return compared <= 0
	}
	return false
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
