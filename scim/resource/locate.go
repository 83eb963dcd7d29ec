package resource

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Locate reads a path to something in doc: what a resource holds has a path, also
// where no schema describes it, and by the name that it has there. It is a mistake
// to name what is in no schema and nowhere in doc, unless it is under a URN of
// its own.
func (t *Type) Locate(doc Object, text string, limits filter.Limits) (Path, error) {
	at, wrong := t.ParsePath(text, limits)
	if wrong == nil && at.Unknown == nil {
		return at, nil
	}
	if name := Key(doc, text); doc[name] != nil && !t.Misnames(text) {
		if _, ok := doc[name].(Object); ok && IsURN(name) {
			return Path{Extension: name}, nil
		}
		return Path{Unknown: []string{"", name}}, nil
	}
	parsed, err := splitPath(text, limits)
	if err != nil || t.Misnames(parsed.URN) {
		return at, wrong
	}
	held, ok := t.held(doc, parsed)
	switch {
	case !ok && (!parsed.Filtered() || !t.ofNobody(parsed.URN)):
		return at, wrong
	case !ok:
		held = unknown(parsed, parsed.Name, parsed.Sub)
	case !parsed.Filtered():
		return held, nil
	}
	if known, ok := t.Find(parsed.URN, parsed.Name); ok {
		held.Where, err = parsed.Where(known.Def)
	} else {
		held.Where, err = parsed.WhereUnknown()
	}
	return held, err
}

// held returns the path of what doc holds and no schema describes.
func (t *Type) held(doc Object, path filter.Path) (Path, bool) {
	if strings.EqualFold(path.URN, t.Core.ID) {
		path.URN = ""
	}
	in := extensionOf(doc, path.URN)
	if whole := path.Name + "." + path.Sub; path.Sub != "" && in[Key(in, whole)] != nil {
		return unknown(path, whole, ""), !path.Filtered()
	}
	if at, ok := t.Find(path.URN, path.Name); ok { // a part of it that its schema does not have
		path.URN = at.URN
		value := extensionOf(doc, at.URN)[at.Def.Name()]
		return unknown(path, at.Def.Name(), path.Sub), path.Sub != "" && hasPart(value, path.Sub) && (at.Def.MultiValued() || !path.Filtered())
	}
	switch in[Key(in, path.Name)].(type) {
	case nil:
		return Path{}, false
	case Object, []any:
		return unknown(path, path.Name, path.Sub), true
	default:
		return unknown(path, path.Name, path.Sub), path.Sub == "" && !path.Filtered()
	}
}

// Kept returns where what stands under a name in a body is kept that leads nowhere.
func (t *Type) Kept(name string) (Path, error) {
	urn, rest := SplitName(name)
	known := t.schemaURN(urn)
	if known == "" && !IsURN(urn) {
		urn, rest = "", name
	} else if known != "" {
		urn = known
	}
	if known == t.Core.ID {
		urn = ""
	}
	attribute, part := SplitPart(rest)
	at, ok := t.Find(urn, attribute)
	switch {
	case !ok || part == "" || !IsComplex(at.Def):
		return Path{Unknown: []string{urn, rest}}, nil
	case Ignored(at):
		return Path{Attribute: at}, nil
	case at.Def.MultiValued():
		return Path{}, scimerr.InvalidPath("%s has no %s.", scimerr.Quote(at.String()), scimerr.Quote(part))
	}
	return Path{Unknown: []string{at.URN, at.Def.Name(), part}}, nil
}

// MayExtend reports whether a name can be that of an extension which no schema
// describes.
func (t *Type) MayExtend(name string) bool {
	urn, _ := SplitName(name)
	return IsURN(name) && !strings.ContainsAny(name, "[] \"") && t.schemaURN(urn) == "" && t.schemaURN(name) == "" && !t.MisnamesIn(name)
}

// MisnamesIn reports whether the URN in a name or path, or all of it, passes for
// that of a schema; see [Type.Misnames].
func (t *Type) MisnamesIn(path string) bool {
	path, _, _ = strings.Cut(path, "[")
	urn, _ := SplitName(path)
	return t.Misnames(urn) || t.Misnames(path) && t.schemaURN(urn) == ""
}

// extensionOf returns the object of doc that holds the attributes of urn, nil
// where there is none.
func extensionOf(doc Object, urn string) Object {
	if urn == "" {
		return doc
	}
	inner, _ := doc[Key(doc, urn)].(Object)
	return inner
}

// hasPart reports whether a value, or one of its elements, has a sub-attribute.
func hasPart(value any, name string) bool {
	switch value := value.(type) {
	case Object:
		return value[Key(value, name)] != nil
	case []any:
		return slices.ContainsFunc(value, func(element any) bool { return hasPart(element, name) })
	}
	return false
}
