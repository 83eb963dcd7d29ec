package scim

import (
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// target is where a PATCH operation works (RFC 7644 §3.5.2). Exactly one of
// three: an attribute of a schema we know, an attribute under a URN that we do
// not know, or a whole extension.
type target struct {
	attribute                       // of a known schema
	where     provision.Expr        // value filter; nil: none
	sub       *schema.CoreAttribute // sub-attribute; nil: the attribute itself

	unknown []string // path under an unknown URN: URN, attribute, sub-attribute

	extension string // URN of a whole extension, known or not
}

// text returns the target as it is named in the details of errors.
func (g target) text() string {
	switch {
	case g.extension != "":
		return g.extension
	case g.unknown != nil:
		return strings.Join(g.unknown, ":")
	case g.sub != nil:
		return pathOf(g.attribute) + "." + g.sub.Name()
	}
	return pathOf(g.attribute)
}

// readOnly reports whether the target, or the attribute it is part of, may not
// be written.
func (g target) readOnly() bool {
	if g.extension != "" || g.unknown != nil {
		return false
	}
	return isReadOnly(g.def) || g.sub != nil && isReadOnly(*g.sub)
}

// parseTarget reads a path. A bare name is an attribute of the core schema or
// of the enterprise extension; a name under an unknown URN is taken as it is.
func (t *resourceType) parseTarget(path string, limits Limits) (target, error) {
	if ext := t.extension(path); ext != "" {
		return target{extension: ext}, nil
	}
	lifted, err := lift(path, limits, false)
	if err != nil {
		return target{}, err
	}
	parsed, err := parsePath(lifted.outer)
	if err != nil {
		return target{}, err
	}
	name, inner, filtered := lifted.unmark(parsed.AttributePath.AttributeName)
	sub := firstText(parsed.AttributePath.SubAttributeName(), parsed.SubAttributeName())
	urn := parsed.AttributePath.URI()
	at, ok := t.find(urn, name)
	if !ok {
		return t.unknownTarget(urn, name, sub, filtered)
	}
	out := target{attribute: at}
	if filtered {
		if out.where, err = t.valueFilter(at, inner); err != nil {
			return target{}, err
		}
	}
	if sub != "" {
		def, ok := subAttribute(at.def, sub)
		if !ok {
			return target{}, scimerr.InvalidPath("%s has no %s.", scimerr.Quote(pathOf(at)), scimerr.Quote(sub))
		}
		out.sub = &def
	}
	return out, nil
}

// valueFilter parses the filter in a path, which may stand behind any complex
// attribute (Entra sends manager[value eq "9"]) and any multi-valued one.
func (t *resourceType) valueFilter(at attribute, text string) (provision.Expr, error) {
	if !isComplex(at.def) && !at.def.MultiValued() {
		return nil, scimerr.InvalidPath("%s takes no value filter.", scimerr.Quote(pathOf(at)))
	}
	return parseValueFilter(at.def, text)
}

func (t *resourceType) unknownTarget(urn, name, sub string, filtered bool) (target, error) {
	known := !isURN(urn) || strings.EqualFold(urn, t.core.ID) || t.extension(urn) != ""
	if known || filtered || strings.Contains(name+sub, marker) {
		return target{}, scimerr.InvalidPath("There is no attribute %s.", scimerr.Quote(name))
	}
	path := []string{urn, name}
	if sub != "" {
		path = append(path, sub)
	}
	return target{unknown: path}, nil
}
