package patch

import (
	"maps"
	"reflect"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// valueSet tells what a list holds without a look at its values.
type valueSet struct {
	len  int // of the list
	held map[string]bool
}

// union returns what is in current or extra, lists of the attribute name of
// which no schema knows, without doubles. Each value is encoded once in a
// request, however many operations add to a list: what a list holds is kept with
// it, as long as it is the same one.
func (p *patcher) union(name string, current, extra []any) ([]any, error) {
	var set *valueSet
	if len(current) > 0 {
		set = p.sets[&current[0]]
	}
	out := current
	if set == nil || set.len != len(current) {
		set = &valueSet{held: map[string]bool{}}
		out = set.add(nil, current)
	} else {
		delete(p.sets, &current[0])
	}
	before := len(out)
	out = set.add(out, extra)
	if len(out) > before { // a list that was longer before there was a limit may stay
		if err := resource.CheckLength(name, len(out)); err != nil {
			return nil, err
		}
	}
	if len(out) > 0 {
		if p.sets == nil {
			p.sets = map[*any]*valueSet{}
		}
		p.sets[&out[0]] = set
	}
	return out, nil
}

// add appends the values that are new to list.
func (s *valueSet) add(list, values []any) []any {
	for _, value := range values {
		raw, err := resource.Encode(value)
		if err == nil && s.held[string(raw)] {
			continue
		}
		s.held[string(raw)] = true
		list = append(list, value)
	}
	s.len = len(list)
	return list
}

// unique returns list without doubles.
func unique(list []any) []any {
	return (&valueSet{held: map[string]bool{}}).add(nil, list)
}

// equal reports whether two JSON values are the same.
func equal(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && a == b
	case resource.Object:
		b, ok := b.(resource.Object)
		return ok && maps.EqualFunc(a, b, equal)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	}
	return reflect.DeepEqual(a, b)
}

// terms returns how many comparisons a condition has; nil has one.
func terms(where provision.Expr) int {
	switch where := where.(type) {
	case provision.And:
		return terms(where.Left) + terms(where.Right)
	case provision.Or:
		return terms(where.Left) + terms(where.Right)
	case provision.Not:
		return terms(where.Expr)
	}
	return 1
}
