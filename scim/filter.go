package scim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// parseQuery translates a filter of RFC 7644 §3.4.2.2 to a condition of the
// core. Every filter is either translated exactly or refused with
// invalidFilter. In a query for several types an attribute that only others of
// them have counts as absent (RFC 7644 §3.4.2.1).
func (t *resourceType) parseQuery(text string, limits Limits, types ...*resourceType) (provision.Expr, error) {
	lifted, err := lift(text, limits, true)
	if err != nil {
		return nil, err
	}
	parsed, err := parseFilter(lifted.outer)
	if err != nil {
		return nil, err
	}
	tr := translator{expression: lifted, find: t.find, stored: t.stored, kind: t.name}
	tr.foreign = func(urn, name string) bool {
		return slices.ContainsFunc(types, func(other *resourceType) bool {
			_, ok := other.find(urn, name)
			return ok
		})
	}
	return tr.translate(parsed)
}

// parseValueFilter translates what stands in brackets behind the attribute
// def. Paths are relative to an element; the elements of a simple attribute
// have the path value.
func parseValueFilter(def schema.CoreAttribute, text string) (provision.Expr, error) {
	parsed, err := parseFilter(text)
	if err != nil {
		return nil, err
	}
	return elementTranslator(def).translate(parsed)
}

// elementTranslator translates conditions on one element of def.
func elementTranslator(def schema.CoreAttribute) translator {
	subs := def.SubAttributes()
	if !isComplex(def) {
		subs = schema.Attributes{schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "value", CaseExact: def.CaseExact()}))}
	}
	return translator{
		foreign: func(string, string) bool { return false },
		find: func(urn, name string) (attribute, bool) {
			sub, ok := subs.ContainsAttribute(name)
			return attribute{def: sub}, ok && urn == ""
		},
		stored: func(attribute, string) bool { return true },
	}
}

// translator turns the library's syntax tree into a condition.
type translator struct {
	expression
	find   func(urn, name string) (attribute, bool)
	stored func(at attribute, sub string) bool // whether the store can answer

	// foreign reports whether another type that is searched has the attribute.
	foreign func(urn, name string) bool
	kind    string // meta.resourceType of everything that is searched; "" where that is no attribute
}

func (tr translator) translate(e filter.Expression) (provision.Expr, error) {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		left, err := tr.translate(e.Left)
		if err != nil {
			return nil, err
		}
		right, err := tr.translate(e.Right)
		if err != nil {
			return nil, err
		}
		if e.Operator == filter.AND {
			return provision.And{Left: left, Right: right}, nil
		}
		return provision.Or{Left: left, Right: right}, nil
	case *filter.NotExpression:
		inner, err := tr.translate(e.Expression)
		if err != nil {
			return nil, err
		}
		return provision.Not{Expr: inner}, nil
	case *filter.AttributeExpression:
		return tr.condition(e)
	}
	return nil, scimerr.InvalidFilter("The filter cannot be read.")
}

// condition translates one comparison, or a value filter with or without one
// behind it.
func (tr translator) condition(e *filter.AttributeExpression) (provision.Expr, error) {
	name, inner, isElement := tr.unmark(e.AttributePath.AttributeName)
	at, ok := tr.find(e.AttributePath.URI(), name)
	if !ok && tr.foreign(e.AttributePath.URI(), name) {
		return provision.Constant(!isElement && e.Operator == filter.EQ && e.CompareValue == nil), nil
	}
	if !ok || at.def.Name() == "password" {
		return nil, scimerr.InvalidFilter("%s is not an attribute that can be filtered on.", scimerr.Quote(name))
	}
	if isElement {
		return tr.element(at, inner, e)
	}
	sub := e.AttributePath.SubAttributeName()
	if tr.kind != "" && at.urn == "" && at.def.Name() == "meta" && strings.EqualFold(sub, "resourceType") {
		return tr.compareKind(at, e)
	}
	if !tr.stored(at, sub) {
		return nil, scimerr.InvalidFilter("%s cannot be filtered on in this way.", scimerr.Quote(name))
	}
	return compare(at, provision.Path{at.def.Name()}, sub, e)
}

// compareKind answers a condition on meta.resourceType, which is the same for
// all resources of a type.
func (tr translator) compareKind(at attribute, e *filter.AttributeExpression) (provision.Expr, error) {
	look, err := compare(at, provision.Path{at.def.Name()}, e.AttributePath.SubAttributeName(), e)
	if err != nil {
		return nil, err
	}
	c, _ := look.(provision.Compare)
	return provision.Constant(compares(c, tr.kind)), nil
}

// element translates emails[…], and emails[…].value eq "x" as Entra sends it.
func (tr translator) element(at attribute, inner string, e *filter.AttributeExpression) (provision.Expr, error) {
	if !at.def.MultiValued() || !isComplex(at.def) || !tr.stored(at, "") {
		return nil, scimerr.InvalidFilter("%s takes no value filter.", scimerr.Quote(at.def.Name()))
	}
	elements := elementTranslator(at.def)
	elements.stored = func(sub attribute, _ string) bool { return tr.stored(at, sub.def.Name()) }
	parsed, err := parseFilter(inner)
	if err != nil {
		return nil, err
	}
	where, err := elements.translate(parsed)
	if err != nil {
		return nil, err
	}
	if name := e.AttributePath.SubAttributeName(); name != "" {
		sub, ok := subAttribute(at.def, name)
		if !ok || !tr.stored(at, name) {
			return nil, scimerr.InvalidFilter("%s has no %s that can be filtered on.", scimerr.Quote(at.def.Name()), scimerr.Quote(name))
		}
		behind, err := compare(attribute{def: sub}, provision.Path{sub.Name()}, "", e)
		if err != nil {
			return nil, err
		}
		where = provision.And{Left: where, Right: behind}
	}
	return provision.Element{Path: fullPath(at), Where: where}, nil
}

// fullPath returns the path of an attribute from the top of the resource.
func fullPath(at attribute) provision.Path {
	if at.urn == "" {
		return provision.Path{at.def.Name()}
	}
	return provision.Path{at.urn, at.def.Name()}
}

// stored reports whether the store can answer a comparison. What is made for
// each answer and kept nowhere it cannot: references, meta.version, and how a
// user came into a group.
func (t *resourceType) stored(at attribute, sub string) bool {
	if at.urn != "" {
		return true
	}
	switch at.def.Name() {
	case "groups":
		return sub == "" || strings.EqualFold(sub, "value") || strings.EqualFold(sub, "display")
	case "members":
		return !strings.EqualFold(sub, "$ref")
	case "meta":
		return strings.EqualFold(sub, "created") || strings.EqualFold(sub, "lastModified")
	}
	return true
}

// compare translates one comparison of the attribute at path. A complex
// attribute is compared by its value (Ping sends emails eq "x").
func compare(at attribute, path provision.Path, subName string, e *filter.AttributeExpression) (provision.Expr, error) {
	def := at.def
	if at.urn != "" {
		path = fullPath(at)
	}
	c := provision.Compare{Op: provision.Op(e.Operator), Many: def.MultiValued()}
	if subName == "" && isComplex(def) && c.Op != provision.OpPresent {
		subName = "value"
	}
	if subName != "" {
		sub, ok := subAttribute(def, subName)
		if !ok {
			return nil, scimerr.InvalidFilter("%s cannot be compared by %s.", scimerr.Quote(def.Name()), scimerr.Quote(subName))
		}
		def, path = sub, append(path, sub.Name())
	}
	c.Path, c.Type, c.CaseExact = path, valueType(def), def.CaseExact()
	if c.Op == provision.OpPresent {
		return c, nil
	}
	if err := setValue(&c, def, e.CompareValue); err != nil {
		return nil, err
	}
	return c, nil
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
	if s, ok := literal.(string); ok {
		var err error
		if literal, err = unquoteLiteral(s); err != nil {
			return scimerr.InvalidFilter("A string is not a JSON string.")
		}
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
