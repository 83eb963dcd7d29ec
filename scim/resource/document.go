package resource

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Key returns the name that o has for name, whatever its letter case, and name
// itself when it has none.
func Key(o Object, name string) string {
	if _, ok := o[name]; ok {
		return name
	}
	for have := range o {
		if strings.EqualFold(have, name) {
			return have
		}
	}
	return name
}

// Text returns the string at name, "" when there is none.
func Text(o Object, name string) string {
	s, _ := o[name].(string)
	return s
}

// SetText sets or, with "", removes a string.
func SetText(o Object, name, value string) {
	if value == "" {
		delete(o, name)
		return
	}
	o[name] = value
}

// elements returns the objects in the list at name.
func elements(o Object, name string) []Object {
	list, _ := o[name].([]any)
	var out []Object
	for _, element := range list {
		if inner, ok := element.(Object); ok {
			out = append(out, inner)
		}
	}
	return out
}

func firstText(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// IsURN reports whether a name is the URN of a schema, or has one before it.
func IsURN(name string) bool {
	return strings.Contains(name, ":")
}

// CheckNames refuses an object with more names than one may have.
func CheckNames(o Object) error {
	if len(o) > maxNames {
		return scimerr.InvalidValue("value", "the resource would have more than %d attributes", maxNames)
	}
	return nil
}

// ByPrecedence returns the names in o so that extensions come last, and parts of
// an attribute behind all that are whole: what a client says under the full URN
// wins over a bare name.
func ByPrecedence(o Object) []string {
	return slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		return cmp.Or(cmp.Compare(precedence(a), precedence(b)), strings.Compare(a, b))
	})
}

func precedence(name string) int {
	urn, rest := SplitName(name)
	n := 0
	if urn != "" || rest != name {
		n = 2
	}
	if strings.Contains(rest, ".") {
		n++
	}
	return n
}

// Container returns the object of doc that holds the attributes of urn.
func Container(doc Object, urn string) Object {
	if urn == "" {
		return doc
	}
	name := Key(doc, urn)
	inner, ok := doc[name].(Object)
	if !ok {
		inner = Object{}
		doc[name] = inner
	}
	return inner
}

func keepUnknown(o Object, name string, value any) error {
	got := Clean(value)
	if got == nil || name == "" {
		return nil
	}
	o[Key(o, name)] = got
	return CheckLists(name, got)
}

// Clean returns value without what is unassigned in it, and nil when nothing
// is left.
func Clean(value any) any {
	switch value := value.(type) {
	case Object:
		out := Object{}
		for name, inner := range value {
			if got := Clean(inner); got != nil {
				out[name] = got
			}
		}
		if len(out) > 0 {
			return out
		}
		return nil
	case []any:
		var out []any
		for _, inner := range value {
			if got := Clean(inner); got != nil {
				out = append(out, got)
			}
		}
		if len(out) > 0 {
			return out
		}
		return nil
	case string:
		if IsBlank(value) {
			return nil
		}
	}
	return value
}

// Prune removes extensions that hold nothing.
func Prune(doc Object) {
	maps.DeleteFunc(doc, func(name string, value any) bool {
		o, ok := value.(Object)
		return ok && len(o) == 0
	})
}

// IsBlank reports whether a string stands for no value. OneLogin's templates
// send " " where a parameter is not set.
func IsBlank(s string) bool { return strings.TrimSpace(s) == "" }

// OnlyLabels reports whether an element says how a value is labelled and holds
// none.
func OnlyLabels(element any) bool {
	o, ok := element.(Object)
	if !ok {
		return false
	}
	for name := range o {
		if name != "type" && name != "primary" {
			return false
		}
	}
	return true
}

// IsPrimary reports whether an element is marked as the primary one (RFC 7643
// §2.4).
func IsPrimary(element any) bool {
	o, ok := element.(Object)
	return ok && o["primary"] == true
}

// Primaries returns how many elements of a list are primary.
func Primaries(list []any) int {
	n := 0
	for _, element := range list {
		if IsPrimary(element) {
			n++
		}
	}
	return n
}

// NamesSchema reports whether the schemas of a message hold urn.
func NamesSchema(schemas any, urn string) bool {
	isIt := func(element any) bool {
		s, ok := element.(string)
		return ok && strings.EqualFold(strings.TrimSpace(s), urn)
	}
	list, ok := schemas.([]any)
	return ok && slices.ContainsFunc(list, isIt) || isIt(schemas)
}
