package scimtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// variables are the values that ${…} stands for: rand, i, those of the trace,
// and what earlier answers gave.
type variables map[string]any

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// lookup returns the value of an expression: a name, a path into a saved
// answer, uuid:NAME, or one of them behind enc:, form:, upper:, lower: or
// json:, which nest.
func (v variables) lookup(expr string) (any, error) {
	if fn, rest, ok := strings.Cut(expr, ":"); ok {
		if fn == "uuid" {
			if _, made := v[expr]; !made {
				v[expr] = uuid.NewString()
			}
			return v[expr], nil
		}
		if change := changes[fn]; change != nil {
			value, err := v.lookup(rest)
			return change(asText(value)), err
		}
	}
	if value, ok := v[expr]; ok {
		return value, nil
	}
	for head := expr; ; {
		at := strings.LastIndexByte(head, '.')
		if at < 0 {
			return nil, fmt.Errorf("unresolved variable ${%s}", expr)
		}
		head = head[:at]
		if value, ok := v[head]; ok {
			for name := range strings.SplitSeq(expr[at+1:], ".") {
				value = child(value, name)
			}
			if value != nil {
				return value, nil
			}
		}
	}
}

var changes = map[string]func(string) string{
	"enc":   escape,
	"form":  func(s string) string { return strings.ReplaceAll(escape(s), "%20", "+") },
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
	"json": func(s string) string {
		raw, _ := compact(s) // a string always has a JSON form
		return string(raw[1 : len(raw)-1])
	},
}

// escape percent-encodes everything but letters, digits and -_.!~*'(), as
// encodeURIComponent does.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func asText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	raw, _ := compact(value) // only values that were decoded from JSON
	return string(raw)
}

func child(value any, name string) any {
	switch value := value.(type) {
	case map[string]any:
		return value[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(value) {
			return value[i]
		}
	}
	return nil
}

// pointer returns what a JSON pointer (RFC 6901) leads to; nil when nothing is
// there.
func pointer(doc any, p string) any {
	if p == "" {
		return doc
	}
	for name := range strings.SplitSeq(p[1:], "/") {
		doc = child(doc, strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
	}
	return doc
}

// text fills in a string. One that is nothing but a placeholder takes the
// variable's own type.
func (v variables) text(s string) (any, error) {
	if whole := placeholder.FindString(s); whole == s && whole != "" {
		return v.lookup(whole[2 : len(whole)-1])
	}
	return v.fill(s, func(_ string, value any) string { return asText(value) })
}

// path fills in a path: a plain placeholder is escaped as a path segment, as
// clients do with ids that they do not understand.
func (v variables) path(s string) (string, error) {
	return v.fill(s, func(expr string, value any) string {
		if strings.HasPrefix(expr, "enc:") || strings.HasPrefix(expr, "form:") {
			return asText(value)
		}
		return strings.NewReplacer("%40", "@", "%3A", ":", "%24", "$", "%2C", ",", "%3B", ";", "%3D", "=", "%2B", "+").
			Replace(escape(asText(value)))
	})
}

func (v variables) fill(s string, form func(expr string, value any) string) (string, error) {
	var failed error
	out := placeholder.ReplaceAllStringFunc(s, func(found string) string {
		expr := found[2 : len(found)-1]
		value, err := v.lookup(expr)
		if err != nil {
			failed = err
			return found
		}
		return form(expr, value)
	})
	return out, failed
}

// value fills in a decoded JSON value.
func (v variables) value(in any) (any, error) {
	switch in := in.(type) {
	case string:
		return v.text(in)
	case []any:
		out := make([]any, len(in))
		for i, element := range in {
			var err error
			if out[i], err = v.value(element); err != nil {
				return nil, err
			}
		}
		return out, nil
	case members:
		out := make(members, len(in))
		for i, m := range in {
			name, err := v.text(m.name)
			if err != nil {
				return nil, err
			}
			value, err := v.value(m.value)
			if err != nil {
				return nil, err
			}
			out[i] = member{asText(name), value}
		}
		return out, nil
	}
	return in, nil
}

// json fills in a JSON text.
func (v variables) json(raw json.RawMessage) (any, error) {
	in, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return v.value(in)
}

func sortedNames[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
