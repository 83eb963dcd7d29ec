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
		if _, bad := def.ValidateSingular(value); bad != nil {
			return nil, scimerr.InvalidValue(path, "takes a number")
		}
		return value, nil
	}
	if o, ok := value.(Object); ok && def.MultiValued() { // {"value": "x"} where "x" would do
		value = o[Key(o, "value")]
	}
	s, ok := value.(string)
	if !ok {
		return nil, scimerr.InvalidValue(path, "takes a string")
	}
	if IsBlank(s) {
		return nil, nil
	}
	return s, nil
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
		case IsBlank(value):
			return nil, nil
		}
	}
	return nil, scimerr.InvalidValue(path, "takes true or false")
}

func normalizeComplex(def schema.CoreAttribute, path string, value any) (any, error) {
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

// AsObject returns value as the object it should be; null and [] are empty.
func AsObject(path string, value any) (Object, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case Object:
		return value, nil
	case string:
		if IsBlank(value) {
			return nil, nil
		}
	case []any:
		if len(value) == 0 {
			return nil, nil
		}
		if o, ok := value[0].(Object); ok && len(value) == 1 {
			return o, nil
		}
	}
	return nil, scimerr.InvalidValue(path, "takes an object")
}
