package scimclient

import (
	"encoding/json"
	"maps"
	"strings"
)

// Object is a resource or a part of one, as it came. Names of attributes are
// compared without regard to letter case (RFC 7643 §2.1).
type Object map[string]any

// At returns the value of an attribute, and the key by which it stands there.
func (o Object) At(name string) (value any, key string) {
	if v, ok := o[name]; ok {
		return v, name
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v, k
		}
	}
	return nil, name
}

// Text returns an attribute that is a string; "" where it is none.
func (o Object) Text(name string) string {
	v, _ := o.At(name)
	s, _ := v.(string)
	return s
}

// Number returns an attribute that is a number, and whether it is one, and not below 0.
func (o Object) Number(name string) (int, bool) {
	v, _ := o.At(name)
	n, _ := v.(json.Number)
	i, err := n.Int64()
	return int(i), err == nil && i >= 0
}

// Sub returns a complex attribute; nil where it is none.
func (o Object) Sub(name string) Object {
	v, _ := o.At(name)
	m, _ := v.(map[string]any)
	return m
}

// Objects returns the values of a complex multi-valued attribute; a simple value
// counts as one with that value.
func (o Object) Objects(name string) (all []Object) {
	v, _ := o.At(name)
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	for _, e := range list {
		switch e := e.(type) {
		case map[string]any:
			all = append(all, e)
		case string:
			all = append(all, Object{"value": e})
		}
	}
	return all
}

// Set writes an attribute under the key by which it stands there already; nil takes it away.
func (o Object) Set(name string, value any) {
	_, key := o.At(name)
	if value == nil {
		delete(o, key)
		return
	}
	o[key] = value
}

// Flag reads a boolean; some service providers send it as text. ok is false where it is none.
func (o Object) Flag(name string) (value, ok bool) {
	switch v, _ := o.At(name); v := v.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

// Primary returns the value of a multi-valued attribute that is primary, else the first one;
// nil where there is none.
func (o Object) Primary(name string) Object {
	values := o.Objects(name)
	if i := primary(values); i >= 0 {
		return values[i]
	}
	return nil
}

// WithPrimary returns the values of a multi-valued attribute with another primary one. What is
// the same as that by itself is left out.
func (o Object) WithPrimary(name, value string, same func(a, b string) bool) (all []any) {
	values := o.Objects(name)
	at := primary(values)
	if at < 0 {
		return OnePrimary(value)
	}
	for i, v := range values {
		if i == at {
			v = maps.Clone(v)
			v.Set("value", value)
			v.Set("primary", true)
			v.Set("display", nil)
		}
		if i == at || !same(v.Text("value"), value) {
			all = append(all, map[string]any(v))
		}
	}
	return all
}

// OnePrimary returns the values of a multi-valued attribute, such as emails, that has one.
func OnePrimary(value string) []any {
	return []any{Object{"value": value, "type": "work", "primary": true}}
}

func primary(values []Object) int {
	for i, v := range values {
		if is, _ := v.Flag("primary"); is {
			return i
		}
	}
	if len(values) == 0 {
		return -1
	}
	return 0
}
