package resource

import (
	"slices"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
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
		pair := pairOf(element, exact)
		before, ok := first[pair]
		if !ok || pair[0] == "" {
			first[pair] = element
			out = append(out, element)
			continue
		}
		into, isComplex := before.(Object)
		if from, ok := element.(Object); ok && isComplex {
			mergeInto(into, from)
		}
	}
	return out
}

// anyTwice compares each value of a few with each, which needs no memory.
func anyTwice(list []any, exact bool) bool {
	var pairs [fewValues][2]string
	for i, element := range list {
		pairs[i] = pairOf(element, exact)
		if pairs[i][0] != "" && slices.Contains(pairs[:i], pairs[i]) {
			return true
		}
	}
	return false
}

// pairOf returns the value and the type of an element, as they are compared.
func pairOf(element any, exact bool) (pair [2]string) {
	if o, ok := element.(Object); ok {
		pair = [2]string{Text(o, "value"), provision.Fold(Text(o, "type"))}
	} else {
		pair[0], _ = element.(string)
	}
	if !exact {
		pair[0] = provision.Fold(pair[0])
	}
	return pair
}

func mergeInto(into, from Object) {
	for name, value := range from {
		if name != "primary" || !IsPrimary(into) {
			into[name] = value
		}
	}
}
