package resource

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Read turns the body of a POST or PUT into a document: attribute names in the
// schema's spelling, extensions under their URN, booleans as booleans, lists
// as lists. What is unassigned (null, "", [], {}; RFC 7643 §2.5) is left out.
// Attributes and schemas that are unknown are kept. id, meta, groups and
// password are ignored (RFC 7644 §3.5.1), and so is schemas: what is there
// decides.
func (t *Type) Read(body Object) (Object, error) {
	doc := Object{}
	parts := false
	for _, name := range ByPrecedence(body) {
		if err := t.readAttribute(doc, "", name, body[name]); err != nil {
			return nil, err
		}
		parts = parts || strings.Contains(name, ".")
	}
	if parts {
		t.dropLabels(doc)
	}
	Prune(doc)
	return doc, nil
}

// readAttribute reads what stands under a name in a body, or in the extension urn
// of one.
func (t *Type) readAttribute(doc Object, urn, name string, value any) error {
	if urn == "" && IsURN(name) {
		return t.readQualified(doc, name, value)
	}
	at, ok := t.Find(urn, name)
	if !ok {
		return t.readUnknown(doc, urn, name, value)
	}
	return readKnown(doc, at, value)
}

func readKnown(doc Object, at filter.Attribute, value any) error {
	if Ignored(at) {
		return nil
	}
	if at.URN == "" && at.Def.Name() == "members" { // see ReadMembers
		if _, one := value.(Object); one {
			value = []any{value}
		}
		doc["members"] = value
		return nil
	}
	got, err := Normalize(at.Def, at.String(), value)
	if err != nil {
		return err
	}
	if got = withoutLabels(at.Def, got); got != nil {
		Container(doc, at.URN)[at.Def.Name()] = got
	}
	return nil
}

// readQualified reads what stands under a name with a URN: a whole extension, or
// an attribute of one. Which of the two a name of nobody's is, the value says.
func (t *Type) readQualified(doc Object, name string, value any) error {
	if urn := t.schemaURN(name); urn != "" {
		return t.readExtension(doc, urn, value)
	}
	urn, rest := SplitName(name)
	if known := t.schemaURN(urn); known != "" && rest != "" {
		return t.readAttribute(doc, known, rest, value)
	}
	attribute, part := SplitPart(rest)
	if at, _, ok := t.Lookup(urn, attribute, part); ok { // URN.department
		return readKnown(doc, at, value)
	}
	if t.Misnames(urn) || t.Misnames(name) {
		return t.Misnamed(name)
	}
	if _, isExtension := value.(Object); isExtension || !IsURN(urn) || rest == "" {
		return keepUnknown(doc, name, value)
	}
	return t.readUnknown(doc, urn, rest, value)
}

// Misnamed is the answer to a name in a body whose URN is of no schema that the
// type has; see [Type.Misnames].
func (t *Type) Misnamed(name string) error {
	return scimerr.InvalidSyntax("%s is not the name of an extension or attribute that a %s has.", scimerr.Quote(name), t.Name)
}

// readUnknown keeps what no schema describes. A name with a dot is that of a part
// of an attribute: of one that a schema has, or under a URN of its own. Others are
// kept by their whole name.
func (t *Type) readUnknown(doc Object, urn, name string, value any) error {
	attribute, part := SplitPart(name)
	first, _, filtered := strings.Cut(attribute, "[")
	if at, ok := t.Find(urn, first); ok && (part != "" || filtered) && IsComplex(at.Def) {
		return readPart(doc, at, name, part, value)
	}
	if urn == t.Core.ID {
		urn = ""
	}
	in := Container(doc, urn)
	if part == "" || !t.ofNobody(urn) {
		return keepUnknown(in, name, value)
	}
	key := Key(in, attribute)
	inner, isObject := in[key].(Object)
	if !isObject {
		if in[key] != nil {
			return keepUnknown(in, name, value)
		}
		inner = Object{}
	}
	if err := keepUnknown(inner, part, value); err != nil || len(inner) == 0 {
		return err
	}
	in[key] = inner
	return nil
}

// readPart reads a sub-attribute that stands in a body by itself, as
// name.givenName.
func readPart(doc Object, at filter.Attribute, name, part string, value any) error {
	in, key := Container(doc, at.URN), at.Def.Name()
	list, _ := in[key].([]any)
	have, _ := in[key].(Object)
	if len(list) == 1 {
		have, _ = list[0].(Object)
	}
	if part == "" || have == nil && in[key] != nil {
		return scimerr.InvalidSyntax("%s is a path of a PATCH, and no name of an attribute here.", scimerr.Quote(name))
	}
	if Ignored(at) || key == "members" {
		return readKnown(doc, at, Object{part: value})
	}
	got, err := NormalizeOne(at.Def, at.String(), Object{part: value})
	values, ok := got.(Object)
	switch {
	case err != nil || !ok:
		return err
	case have != nil:
		maps.Copy(have, values)
	case at.Def.MultiValued():
		in[key] = []any{values}
	default:
		in[key] = values
	}
	return nil
}

// dropLabels is [withoutLabels] for all of a document: where values stood in parts,
// it is known in the end only which are none.
func (t *Type) dropLabels(doc Object) {
	for name, value := range doc {
		if at, ok := t.Find("", name); ok && at.URN == "" {
			if doc[name] = withoutLabels(at.Def, value); doc[name] == nil {
				delete(doc, name)
			}
		}
	}
}

// readExtension reads what stands under the URN of a known schema.
func (t *Type) readExtension(doc Object, urn string, value any) error {
	values, err := AsObject(urn, value)
	if err != nil {
		return err
	}
	if urn == t.Core.ID {
		urn = ""
	}
	for _, name := range ByPrecedence(values) {
		if urn != "" && IsURN(name) {
			return t.Misnamed(name)
		}
		if err := t.readAttribute(doc, urn, name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

// Ignored reports whether an attribute is passed over when it is written.
func Ignored(at filter.Attribute) bool {
	return at.URN == "" && (IsReadOnly(at.Def) || at.Def.Name() == "schemas" || at.Def.Name() == "password")
}

// withoutLabels drops the elements of a multi-valued attribute that say how a
// value is labelled but hold none, such as {"type": "work", "primary": true}.
func withoutLabels(def schema.CoreAttribute, value any) any {
	list, ok := value.([]any)
	if !ok || !IsComplex(def) || def.Name() == "members" {
		return value
	}
	list = slices.DeleteFunc(list, OnlyLabels)
	if len(list) == 0 {
		return nil
	}
	return list
}
