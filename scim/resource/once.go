package resource

import (
	"strings"

	"github.com/elimity-com/scim/schema"
)

// fewValues is up to how many values each is compared with each.
const fewValues = 16

// Once returns the list of a multi-valued attribute with each value in it once: of
// a complex one each pair of value and type (RFC 7643 §2.4). What later ones say
// beside these goes to the first, which is primary when any of them was. A list
// in which nothing is there twice is returned as it is.
func Once(def schema.CoreAttribute, list []any) []any {
	exact := def.CaseExact()
	if IsComplex(def) {
		value, ok := SubAttribute(def, "value")
		if !ok {
			return list
		}
		exact = value.CaseExact()
	}
	if len(list) <= fewValues && !anyTwice(list, exact) {
		return list
	}
	out, first := make([]any, 0, len(list)), make(map[[2]string]any, len(list))
	for _, element := range list {
		pair := pairOf(element)
		if !exact {
			pair[0] = strings.ToLower(pair[0])
		}
		pair[1] = strings.ToLower(pair[1])
		before, ok := first[pair]
		if !ok || pair[0] == "" {
			first[pair] = element
			out = append(out, element)
			continue
		}
		if into, ok := before.(Object); ok {
			mergeInto(into, element.(Object))
		}
	}
	return out
}

// anyTwice compares each value with each, which needs no memory.
func anyTwice(list []any, exact bool) bool {
	for i, element := range list {
		a := pairOf(element)
		for _, other := range list[:i] {
			b := pairOf(other)
			if a[0] != "" && (a[0] == b[0] || !exact && strings.EqualFold(a[0], b[0])) && strings.EqualFold(a[1], b[1]) {
				return true
			}
		}
	}
	return false
}

// pairOf returns the value and the type of an element.
func pairOf(element any) [2]string {
	if o, ok := element.(Object); ok {
		return [2]string{Text(o, "value"), Text(o, "type")}
	}
	s, _ := element.(string)
	return [2]string{s}
}

func mergeInto(into, from Object) {
	for name, value := range from {
		if name != "primary" || !IsPrimary(into) {
			into[name] = value
		}
	}
}
