package filter

import (
	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
)

// Path is a path as RFC 7644 §3.5.2 has them: URN:attribute[filter].sub, of
// which only the attribute must be there. Names are as they were written, in any
// letter case.
type Path struct {
	URN  string // without the colon behind it; "" for none
	Name string
	Sub  string // "" for none

	within node
}

// ParsePath reads a path. One that does not follow the grammar is refused with
// invalidPath, a filter in it that does not with invalidFilter.
func ParsePath(text string, limits Limits) (Path, error) {
	p, err := newParser(text, limits, true)
	if err != nil {
		return Path{}, err
	}
	name, within, err := p.valuePath()
	if err != nil {
		return Path{}, err
	}
	if p.pos < len(p.text) {
		return Path{}, p.unexpected()
	}
	return Path{URN: name.urn, Name: name.attr, Sub: name.sub, within: within}, nil
}

// Filtered reports whether there is a value filter in the path.
func (p Path) Filtered() bool { return p.within != nil }

// Where translates the value filter in the path to a condition on one element of
// def, the attribute that the path names. Paths in it are relative to the
// element; elements of a simple attribute have the path value.
func (p Path) Where(def schema.CoreAttribute) (provision.Expr, error) {
	return elementScope(def).translate(p.within)
}

// WhereUnknown is [Path.Where] for an attribute that no schema describes: its
// elements may have any sub-attribute, of the type that it is compared with.
func (p Path) WhereUnknown() (provision.Expr, error) { return unknownElement.translate(p.within) }
