package filter

import (
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Attribute is where the name of an attribute leads.
type Attribute struct {
	URN string // the extension it belongs to; "" for the core schema and the common attributes
	Def schema.CoreAttribute
}

// Path returns the path of the attribute from the top of the resource.
func (a Attribute) Path() provision.Path {
	if a.URN == "" {
		return provision.Path{a.Def.Name()}
	}
	return provision.Path{a.URN, a.Def.Name()}
}

// Is reports whether a and b are the same attribute.
func (a Attribute) Is(b Attribute) bool { return a.URN == b.URN && a.Def.Name() == b.Def.Name() }

// String returns the name of the attribute for use in a detail.
func (a Attribute) String() string {
	if a.URN == "" {
		return a.Def.Name()
	}
	return a.URN + ":" + a.Def.Name()
}

// Scope says what the names in a filter mean.
type Scope struct {
	// Find returns the attribute that [urn ":"] name ["." sub] leads to, in any
	// letter case, and what of sub is left to be looked for in it; a urn of "" is
	// where names without one are looked for.
	Find func(urn, name, sub string) (_ Attribute, rest string, _ bool)

	// Stored reports whether the store can answer a comparison of the attribute
	// or, with a sub that is not "", of its sub-attribute.
	Stored func(at Attribute, sub string) bool

	// Foreign reports whether another type that is searched has the attribute,
	// which then counts as absent (RFC 7644 §3.4.2.1).
	Foreign func(urn, name string) bool

	// Kind is meta.resourceType of everything that is searched; "" where that is
	// no attribute.
	Kind string

	// Unknown says that no schema describes what the names mean: each is taken as
	// it is, and compared as the type that its value has. The fields above are not
	// used then.
	Unknown bool
}

// Parse translates a filter of RFC 7644 §3.4.2.2 to a condition of the core.
// Every filter is either translated exactly or refused with invalidFilter.
func Parse(text string, limits Limits, in Scope) (provision.Expr, error) {
	p, err := newParser(text, limits, false)
	if err != nil {
		return nil, err
	}
	parsed, err := p.filter()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.text) {
		return nil, p.unexpected()
	}
	return in.translate(parsed)
}

// elementScope is the scope of conditions on one element of def. The elements of
// a simple attribute have the name value.
func elementScope(def schema.CoreAttribute) Scope {
	subs := def.SubAttributes()
	if !isComplex(def) {
		subs = schema.Attributes{schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "value", CaseExact: def.CaseExact()}))}
	}
	return Scope{
		Foreign: func(string, string) bool { return false },
		Find: func(urn, name, rest string) (Attribute, string, bool) {
			sub, ok := subs.ContainsAttribute(name)
			return Attribute{Def: sub}, rest, ok && urn == ""
		},
		Stored: func(Attribute, string) bool { return true },
	}
}

// unknownElement is the scope of conditions on one element of an attribute of
// which nothing is known.
var unknownElement = Scope{Unknown: true}

func (in Scope) translate(n node) (provision.Expr, error) {
	switch n := n.(type) {
	case *logical:
		left, err := in.translate(n.left)
		if err != nil {
			return nil, err
		}
		right, err := in.translate(n.right)
		if err != nil {
			return nil, err
		}
		if n.or {
			return provision.Or{Left: left, Right: right}, nil
		}
		return provision.And{Left: left, Right: right}, nil
	case *negation:
		inner, err := in.translate(n.inner)
		if err != nil {
			return nil, err
		}
		return provision.Not{Expr: inner}, nil
	case *comparison:
		return in.condition(n)
	}
	return nil, scimerr.InvalidFilter("The filter cannot be read.")
}

// condition translates one comparison, or a value filter with or without one
// behind it.
func (in Scope) condition(c *comparison) (provision.Expr, error) {
	if in.Unknown {
		return compareUnknown(c)
	}
	at, sub, ok := in.Find(c.name.urn, c.name.attr, c.name.sub)
	if !ok && in.Foreign(c.name.urn, c.name.attr) {
		return provision.Constant(c.within == nil && c.op == provision.OpEqual && c.value == nil), nil
	}
	if !ok || at.Def.Name() == "password" {
		return nil, scimerr.InvalidFilter("%s is not an attribute that can be filtered on.", scimerr.Quote(c.name.attr))
	}
	if c.within != nil {
		return in.element(at, c)
	}
	if in.Kind != "" && at.URN == "" && at.Def.Name() == "meta" && strings.EqualFold(sub, "resourceType") {
		return in.compareKind(at, c)
	}
	if !in.Stored(at, sub) {
		return nil, scimerr.InvalidFilter("%s cannot be filtered on in this way.", scimerr.Quote(c.name.attr))
	}
	out, err := compare(at, sub, c)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// compareKind answers a condition on meta.resourceType, which is the same for
// all resources of a type.
func (in Scope) compareKind(at Attribute, c *comparison) (provision.Expr, error) {
	look, err := compare(at, c.name.sub, c)
	if err != nil {
		return nil, err
	}
	return provision.Constant(compares(look, in.Kind)), nil
}

// element translates emails[…], and emails[…].value eq "x" as Entra sends it.
func (in Scope) element(at Attribute, c *comparison) (provision.Expr, error) {
	if !at.Def.MultiValued() || !isComplex(at.Def) || !in.Stored(at, "") {
		return nil, scimerr.InvalidFilter("%s takes no value filter.", scimerr.Quote(at.Def.Name()))
	}
	elements := elementScope(at.Def)
	elements.Stored = func(sub Attribute, _ string) bool { return in.Stored(at, sub.Def.Name()) }
	where, err := elements.translate(c.within)
	if err != nil {
		return nil, err
	}
	if c.name.sub != "" {
		sub, ok := subAttribute(at.Def, c.name.sub)
		if !ok || !in.Stored(at, c.name.sub) {
			return nil, scimerr.InvalidFilter("%s has no %s that can be filtered on.", scimerr.Quote(at.Def.Name()), scimerr.Quote(c.name.sub))
		}
		behind, err := compare(Attribute{Def: sub}, "", c)
		if err != nil {
			return nil, err
		}
		where = provision.And{Left: where, Right: behind}
	}
	return provision.Element{Path: at.Path(), Where: where}, nil
}

func isComplex(def schema.CoreAttribute) bool { return def.AttributeType() == "complex" }

func subAttribute(def schema.CoreAttribute, name string) (schema.CoreAttribute, bool) {
	return def.SubAttributes().ContainsAttribute(name)
}
