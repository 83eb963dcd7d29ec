package resource

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Normalize returns value in the form that the document keeps for def, and nil
// when it is unassigned. path is for the details of errors.
func Normalize(def schema.CoreAttribute, path string, value any) (any, error) {
	value, err := asDue(def, path, value)
	if err != nil {
		return nil, err
	}
	list, isList := value.([]any)
	switch {
	case value == nil:
		return nil, nil
	case def.MultiValued() && isList:
		return normalizeList(def, path, list)
	case def.MultiValued(): // OneLogin's template sends e-mails so
		return normalizeList(def, path, []any{value})
	case !isList:
		return NormalizeOne(def, path, value)
	case len(list) == 0:
		return nil, nil
	case len(list) == 1: // Entra sends the manager so
		return NormalizeOne(def, path, unwrapped(def, list[0]))
	}
	return nil, scimerr.InvalidValue(path, "takes one value, not a list")
}

// asDue returns the object or list that a text is, where def takes one. A simple
// attribute keeps its text, and so does a list of texts that are no list. Of roles
// the text is kept: Entra's default job sends them so, and [roleValue] reads it.
func asDue(def schema.CoreAttribute, path string, value any) (any, error) {
	s, ok := value.(string)
	if !ok || !isJSONText(s) || def.Name() == "roles" || !IsComplex(def) && !def.MultiValued() {
		return value, nil
	}
	got, err := decodeText(path, s)
	if _, isList := got.([]any); !IsComplex(def) && !isList {
		return value, nil
	}
	return got, err
}

func normalizeList(def schema.CoreAttribute, path string, list []any) (any, error) {
	if err := CheckCount(def, path, len(list)); err != nil {
		return nil, err
	}
	var out []any
	for _, element := range list {
		got, err := NormalizeOne(def, path, element)
		if err != nil {
			return nil, err
		}
		if got != nil {
			out = append(out, got)
		}
	}
	out = Once(def, out)
	if Primaries(out) > 1 {
		return nil, scimerr.InvalidValue(path, "at most one value can be primary (RFC 7643 §2.4)")
	}
	if out == nil {
		return nil, nil
	}
	return out, nil
}

// maxValues is how many values a multi-valued attribute can have. It keeps the
// cost of a PATCH, which compares each with each, in bounds. Members, which
// are no part of the document, have a limit of their own.
const maxValues = 1000

// CheckCount refuses more values of the attribute def than one may have.
func CheckCount(def schema.CoreAttribute, path string, n int) error {
	if def.Name() == "members" {
		return nil
	}
	return CheckLength(path, n)
}

// CheckLength refuses a list of more values than an attribute may have,
// members aside.
func CheckLength(path string, n int) error {
	if n > maxValues {
		return scimerr.InvalidValue(path, "has more than %d values", maxValues)
	}
	return nil
}

// CheckLists is [CheckLength] for every list in a value of which no schema knows
// the form.
func CheckLists(path string, value any) error {
	switch value := value.(type) {
	case Object:
		for _, inner := range value {
			if err := CheckLists(path, inner); err != nil {
				return err
			}
		}
	case []any:
		if err := CheckLength(path, len(value)); err != nil {
			return err
		}
		for _, inner := range value {
			if err := CheckLists(path, inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// NormalizeOne is [Normalize] for one element of a multi-valued attribute.
func NormalizeOne(def schema.CoreAttribute, path string, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch def.AttributeType() {
	case "complex":
		return normalizeComplex(def, path, value)
	case "boolean":
		return normalizeBoolean(path, value)
	case "integer", "decimal":
		if IsUnassigned(value) {
			return nil, nil
		}
		if _, bad := def.ValidateSingular(value); bad != nil {
			return nil, scimerr.InvalidValue(path, "takes a number")
		}
		return value, nil
	}
	if o, ok := value.(Object); ok && def.MultiValued() { // {"value": "x"} where "x" would do
		value = o[Key(o, "value")]
	}
	if IsUnassigned(value) {
		return nil, nil
	}
	s, ok := value.(string)
	if !ok {
		return nil, scimerr.InvalidValue(path, "takes a string")
	}
	return s, nil
}

// IsUnassigned reports whether a value stands for none, whatever the type of its
// attribute: null, a blank text, an empty object or list (RFC 7643 §2.5).
func IsUnassigned(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return IsBlank(value)
	case Object:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return false
}

func normalizeBoolean(path string, value any) (any, error) {
	switch value := value.(type) {
	case bool:
		return value, nil
	case string: // Entra and Keycloak send "False"
		switch {
		case strings.EqualFold(value, "true"):
			return true, nil
		case strings.EqualFold(value, "false"):
			return false, nil
		}
	}
	if IsUnassigned(value) {
		return nil, nil
	}
	return nil, scimerr.InvalidValue(path, "takes true or false")
}

func normalizeComplex(def schema.CoreAttribute, path string, value any) (any, error) {
	if IsUnassigned(value) {
		return nil, nil
	}
	value, err := asDue(def, path, value)
	if err != nil {
		return nil, err
	}
	if s, ok := value.(string); ok {
		if _, has := SubAttribute(def, "value"); has {
			value = Object{"value": s}
		}
	}
	in, ok := value.(Object)
	if !ok {
		return nil, scimerr.InvalidValue(path, "takes an object")
	}
	out := Object{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		sub, ok := SubAttribute(def, name)
		if !ok {
			if err := keepUnknown(out, name, in[name]); err != nil {
				return nil, err
			}
			continue
		}
		if IsReadOnly(sub) {
			continue
		}
		got, err := Normalize(sub, path+"."+sub.Name(), in[name])
		if err != nil {
			return nil, err
		}
		if got != nil {
			out[sub.Name()] = got
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// AsObject returns value as the object it should be, also from a list of one and
// from a text that is JSON; nil when it is unassigned.
func AsObject(path string, value any) (Object, error) {
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	if o, ok := value.(Object); ok {
		return o, nil
	}
	if IsUnassigned(value) {
		return nil, nil
	}
	if s, ok := value.(string); ok && isJSONText(s) {
		got, err := decodeText(path, s)
		if err != nil {
			return nil, err
		}
		if list, ok := got.([]any); ok && len(list) == 1 {
			got = list[0]
		}
		if o, ok := got.(Object); ok {
			return o, nil
		}
	}
	return nil, scimerr.InvalidValue(path, "takes an object")
}
