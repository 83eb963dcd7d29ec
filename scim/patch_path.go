package scim

import (
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// target is where a PATCH operation works (RFC 7644 §3.5.2). Exactly one of
// three: an attribute of a schema we know, an attribute under a URN that we do
// not know, or a whole extension.
type target struct {
	filter.Attribute                       // of a known schema
	where            provision.Expr        // value filter; nil: none
	sub              *schema.CoreAttribute // sub-attribute; nil: the attribute itself

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
		return pathOf(g.Attribute) + "." + g.sub.Name()
	}
	return pathOf(g.Attribute)
}

// readOnly reports whether the target, or the attribute it is part of, may not
// be written.
func (g target) readOnly() bool {
	if g.extension != "" || g.unknown != nil {
		return false
	}
	return isReadOnly(g.Def) || g.sub != nil && isReadOnly(*g.sub)
}

// parseTarget reads a path. A bare name is an attribute of the core schema or
// of the enterprise extension; a name under an unknown URN is taken as it is.
func (t *resourceType) parseTarget(path string, limits Limits) (target, error) {
	if ext := t.extension(path); ext != "" {
		return target{extension: ext}, nil
	}
	parsed, err := filter.ParsePath(path, limits.filter())
	if err != nil {
		return target{}, err
	}
	at, ok := t.find(parsed.URN, parsed.Name)
	if !ok {
		return t.unknownTarget(parsed)
	}
	out := target{Attribute: at}
	if parsed.Filtered() {
		if !isComplex(at.Def) && !at.Def.MultiValued() { // Entra sends manager[value eq "9"]
			return target{}, scimerr.InvalidPath("%s takes no value filter.", scimerr.Quote(pathOf(at)))
		}
		if out.where, err = parsed.Where(at.Def); err != nil {
			return target{}, err
		}
	}
	if parsed.Sub != "" {
		def, ok := subAttribute(at.Def, parsed.Sub)
		if !ok {
			return target{}, scimerr.InvalidPath("%s has no %s.", scimerr.Quote(pathOf(at)), scimerr.Quote(parsed.Sub))
		}
		out.sub = &def
	}
	return out, nil
}

func (t *resourceType) unknownTarget(path filter.Path) (target, error) {
	known := !isURN(path.URN) || strings.EqualFold(path.URN, t.core.ID) || t.extension(path.URN) != ""
	if known || path.Filtered() {
		return target{}, scimerr.InvalidPath("There is no attribute %s.", scimerr.Quote(path.Name))
	}
	names := []string{path.URN, path.Name}
	if path.Sub != "" {
		names = append(names, path.Sub)
	}
	return target{unknown: names}, nil
}
