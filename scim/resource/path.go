package resource

import (
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Path is where a PATCH operation works (RFC 7644 §3.5.2). Exactly one of
// three: an attribute of a schema we know, an attribute that no schema describes,
// or a whole extension.
type Path struct {
	filter.Attribute                       // of a known schema
	Where            provision.Expr        // value filter, relative to an element; nil: none
	Sub              *schema.CoreAttribute // sub-attribute; nil: the attribute itself

	Unknown []string // of no schema: URN, which is "" at the top, attribute, sub-attribute

	Extension string // URN of a whole extension, known or not
}

// String returns the path as it is named in the details of errors.
func (g Path) String() string {
	switch {
	case g.Extension != "":
		return g.Extension
	case g.Unknown != nil:
		return strings.TrimPrefix(strings.Join(g.Unknown, ":"), ":")
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
	parsed, err := splitPath(path, limits)
	if err != nil {
		return Path{}, err
	}
	return t.lead(parsed)
}

// splitPath takes a path apart. What stands behind the last colon may be anything
// where that is not the grammar of names: it has been taken for a name in a body.
func splitPath(path string, limits filter.Limits) (filter.Path, error) {
	parsed, err := filter.ParsePath(path, limits)
	if err == nil || len(path) > limits.MaxLength || strings.ContainsAny(path, "[]\"\x00") {
		return parsed, err
	}
	urn, name := SplitName(path)
	if urn == "" || strings.HasPrefix(":"+urn+":", "::") || strings.ContainsAny(urn, " ()") || name == "" || strings.Trim(name, ". ") != name {
		return filter.Path{}, err
	}
	return filter.Path{URN: urn, Name: name}, nil
}

// SplitName splits a name behind its URN, which is all before the last colon
// (RFC 7644 §3.10); "" where there is none.
func SplitName(name string) (urn, rest string) {
	at := strings.LastIndexByte(name, ':')
	if at < 0 {
		return "", name
	}
	return name[:at], name[at+1:]
}

// SplitPart splits the name of an attribute before a sub-attribute of it; "" where
// it names none.
func SplitPart(name string) (attribute, part string) {
	attribute, part, ok := strings.Cut(name, ".")
	if !ok || !filter.IsName(attribute) || !filter.IsName(part) {
		return name, ""
	}
	return attribute, part
}

// lead returns where a path leads by the schemas.
func (t *Type) lead(parsed filter.Path) (Path, error) {
	at, sub, ok := t.Lookup(parsed.URN, parsed.Name, parsed.Sub)
	if !ok {
		return t.unknownPath(parsed)
	}
	var err error
	out := Path{Attribute: at}
	if parsed.Filtered() {
		if !IsComplex(at.Def) && !at.Def.MultiValued() { // Entra sends manager[value eq "9"]
			return Path{}, scimerr.InvalidPath("%s takes no value filter.", scimerr.Quote(at.String()))
		}
		if out.Where, err = parsed.Where(at.Def); err != nil {
			return Path{}, err
		}
	}
	if sub != "" {
		def, ok := SubAttribute(at.Def, sub)
		if !ok {
			return Path{}, scimerr.InvalidPath("%s has no %s.", scimerr.Quote(at.String()), scimerr.Quote(sub))
		}
		out.Sub = &def
	}
	return out, nil
}

func (t *Type) unknownPath(path filter.Path) (Path, error) {
	if t.Misnames(path.URN) {
		return Path{}, scimerr.InvalidPath("%s is not the URN of a schema that a %s has.", scimerr.Quote(path.URN), t.Name)
	}
	if !t.ofNobody(path.URN) || path.Filtered() {
		return Path{}, scimerr.InvalidPath("There is no attribute %s.", scimerr.Quote(path.Name))
	}
	return unknown(path, path.Name, path.Sub), nil
}

// ofNobody reports whether urn is that of an extension which no schema describes:
// what is in it is kept as it comes.
func (t *Type) ofNobody(urn string) bool {
	return IsURN(urn) && t.schemaURN(urn) == "" && !t.Misnames(urn)
}

func unknown(path filter.Path, name, sub string) Path {
	if sub == "" {
		return Path{Unknown: []string{path.URN, name}}
	}
	return Path{Unknown: []string{path.URN, name, sub}}
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
