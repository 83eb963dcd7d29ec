package resource

import (
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Path is where a PATCH operation works (RFC 7644 §3.5.2). Exactly one of
// three: an attribute of a schema we know, an attribute under a URN that we do
// not know, or a whole extension.
type Path struct {
	filter.Attribute                       // of a known schema
	Where            provision.Expr        // value filter, relative to an element; nil: none
	Sub              *schema.CoreAttribute // sub-attribute; nil: the attribute itself

	Unknown []string // path under an unknown URN: URN, attribute, sub-attribute

	Extension string // URN of a whole extension, known or not
}

// String returns the path as it is named in the details of errors.
func (g Path) String() string {
	switch {
	case g.Extension != "":
		return g.Extension
	case g.Unknown != nil:
		return strings.Join(g.Unknown, ":")
	case g.Sub != nil:
		return g.Attribute.String() + "." + g.Sub.Name()
	}
	return g.Attribute.String()
}

// ReadOnly reports whether what the path leads to, or the attribute it is part of, may not
// be written.
func (g Path) ReadOnly() bool {
	if g.Extension != "" || g.Unknown != nil {
		return false
	}
	return IsReadOnly(g.Def) || g.Sub != nil && IsReadOnly(*g.Sub)
}

// ParsePath reads a path. A bare name is an attribute of the core schema or
// of the enterprise extension; a name under an unknown URN is taken as it is.
func (t *Type) ParsePath(path string, limits filter.Limits) (Path, error) {
	if ext := t.Extension(path); ext != "" {
		return Path{Extension: ext}, nil
	}
	parsed, err := filter.ParsePath(path, limits)
	if err != nil {
		return Path{}, err
	}
	at, ok := t.Find(parsed.URN, parsed.Name)
	if !ok {
		return t.unknownPath(parsed)
	}
	out := Path{Attribute: at}
	if parsed.Filtered() {
		if !IsComplex(at.Def) && !at.Def.MultiValued() { // Entra sends manager[value eq "9"]
			return Path{}, scimerr.InvalidPath("%s takes no value filter.", scimerr.Quote(at.String()))
		}
		if out.Where, err = parsed.Where(at.Def); err != nil {
			return Path{}, err
		}
	}
	if parsed.Sub != "" {
		def, ok := SubAttribute(at.Def, parsed.Sub)
		if !ok {
			return Path{}, scimerr.InvalidPath("%s has no %s.", scimerr.Quote(at.String()), scimerr.Quote(parsed.Sub))
		}
		out.Sub = &def
	}
	return out, nil
}

func (t *Type) unknownPath(path filter.Path) (Path, error) {
	known := !IsURN(path.URN) || strings.EqualFold(path.URN, t.Core.ID) || t.Extension(path.URN) != ""
	if known || path.Filtered() {
		return Path{}, scimerr.InvalidPath("There is no attribute %s.", scimerr.Quote(path.Name))
	}
	names := []string{path.URN, path.Name}
	if path.Sub != "" {
		names = append(names, path.Sub)
	}
	return Path{Unknown: names}, nil
}

// SortPath returns the path that sortBy names.
func (t *Type) SortPath(text string, limits filter.Limits) (provision.Path, error) {
	at, err := t.ParsePath(text, limits)
	if err != nil || at.Where != nil || at.Unknown != nil || at.Extension != "" {
		return nil, scimerr.InvalidValue("sortBy", "names no attribute")
	}
	path := at.Path()
	leaf := at.Def
	if at.Sub == nil && IsComplex(at.Def) { // RFC 7644 §3.4.2.3: the primary value
		if value, ok := SubAttribute(at.Def, "value"); ok {
			at.Sub = &value
		}
	}
	if at.Sub != nil {
		leaf, path = *at.Sub, append(path, at.Sub.Name())
	}
	name := at.Def.Name()
	timeOnly := name == "meta" && (at.Sub == nil || at.Sub.Name() != "created" && at.Sub.Name() != "lastModified")
	if IsComplex(leaf) || timeOnly || name == "groups" || name == "members" || name == "password" || name == "schemas" {
		return nil, scimerr.InvalidValue("sortBy", "%s cannot be sorted by", name)
	}
	return path, nil
}
