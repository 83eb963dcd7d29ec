package filter

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// compare translates one comparison of an attribute or, with a subName that is
// not "", of its sub-attribute. A complex attribute is compared by its value (Ping
// sends emails eq "x").
func compare(at Attribute, subName string, from *comparison) (provision.Compare, error) {
	def, path := at.Def, at.Path()
	c := provision.Compare{Op: from.op, Many: def.MultiValued()}
	if subName == "" && isComplex(def) && c.Op != provision.OpPresent {
		subName = "value"
	}
	if subName != "" {
		sub, ok := subAttribute(def, subName)
		if !ok {
			return c, scimerr.InvalidFilter("%s cannot be compared by %s.", scimerr.Quote(def.Name()), scimerr.Quote(subName))
		}
		def, path = sub, append(path, sub.Name())
	}
	c.Path, c.Type, c.CaseExact = path, valueType(def), def.CaseExact()
	if c.Op == provision.OpPresent {
		return c, nil
	}
	return c, setValue(&c, def, from.value)
}

// compareUnknown translates a comparison of something that no schema describes.
func compareUnknown(c *comparison) (provision.Expr, error) {
	if c.name.urn != "" || c.name.sub != "" || c.within != nil {
		return nil, scimerr.InvalidFilter("%s is no attribute of an element.", scimerr.Quote(c.name.attr))
	}
	out := provision.Compare{Path: provision.Path{c.name.attr}, Op: c.op, Type: provision.TypeString}
	switch c.value.(type) {
	case bool:
		out.Type = provision.TypeBoolean
	case json.Number:
		out.Type = provision.TypeDecimal
	}
	if c.op == provision.OpPresent {
		return out, nil
	}
	def := schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "value"}))
	if err := setValue(&out, def, c.value); err != nil {
		return nil, err
	}
	out.Value = c.value // a number as it is written
	return out, nil
}

func valueType(def schema.CoreAttribute) provision.ValueType {
	switch def.AttributeType() {
	case "boolean":
		return provision.TypeBoolean
	case "integer":
		return provision.TypeInteger
	case "decimal":
		return provision.TypeDecimal
	case "dateTime":
		return provision.TypeDateTime
	case "complex":
		return provision.TypeComplex
	}
	return provision.TypeString
}

// setValue gives c its value in the type of the attribute and refuses
// operators that the type does not have.
func setValue(c *provision.Compare, def schema.CoreAttribute, literal any) error {
	equality := c.Op == provision.OpEqual || c.Op == provision.OpNotEqual
	substring := c.Op == provision.OpContains || c.Op == provision.OpStartsWith || c.Op == provision.OpEndsWith
	switch {
	case literal == nil && equality:
		return nil
	case literal == nil, c.Type == provision.TypeBoolean && !equality,
		c.Type != provision.TypeString && substring,
		def.AttributeType() == "binary" && !equality && !substring:
		return scimerr.InvalidFilter("%s cannot be compared with %s in this way.", scimerr.Quote(def.Name()), c.Op)
	}
	value, ok := typed(c.Type, literal)
	if !ok {
		return scimerr.InvalidFilter("%s takes a %s.", scimerr.Quote(def.Name()), c.Type)
	}
	c.Value = value
	return nil
}

// typed returns a literal of a filter as a value of type t.
func typed(t provision.ValueType, literal any) (any, bool) {
	switch t {
	case provision.TypeString:
		s, ok := literal.(string)
		return s, ok
	case provision.TypeBoolean:
		if s, ok := literal.(string); ok { // Entra: primary eq "True"
			return strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
		}
		b, ok := literal.(bool)
		return b, ok
	case provision.TypeInteger:
		n, _ := literal.(json.Number)
		i, err := n.Int64()
		return i, err == nil
	case provision.TypeDecimal:
		n, _ := literal.(json.Number)
		f, err := n.Float64()
		return f, err == nil
	case provision.TypeDateTime:
		s, _ := literal.(string)
		return parseTime(s)
	}
	return nil, false
}

// parseTime reads an xsd:dateTime; one without a zone is UTC (RFC 7643 §2.3.5).
func parseTime(s string) (any, bool) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(form, s); err == nil {
			return at.UTC(), true
		}
	}
	return nil, false
}
