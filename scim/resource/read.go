package resource

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/scim/filter"
)

// Read turns the body of a POST or PUT into a document: attribute names in the
// schema's spelling, extensions under their URN, booleans as booleans, lists
// as lists. What is unassigned (null, "", [], {}; RFC 7643 §2.5) is left out.
// Attributes and schemas that are unknown are kept. id, meta, groups and
// password are ignored (RFC 7644 §3.5.1), and so is schemas: what is there
// decides.
func (t *Type) Read(body Object) (Object, error) {
	doc := Object{}
	for _, name := range ByPrecedence(body) {
		if err := t.readAttribute(doc, "", name, body[name]); err != nil {
			return nil, err
		}
	}
	Prune(doc)
	return doc, nil
}

func (t *Type) readAttribute(doc Object, urn, name string, value any) error {
	if urn == "" {
		if ext := t.Extension(name); ext != "" {
			return t.readExtension(doc, ext, value)
		}
		if strings.EqualFold(name, t.Core.ID) {
			return t.readExtension(doc, t.Core.ID, value)
		}
		if prefix, rest, ok := t.SplitURN(name); ok {
			return t.readAttribute(doc, prefix, rest, value)
		}
	}
	at, ok := t.Find(urn, name)
	if !ok {
		return t.readUnknown(doc, urn, name, value)
	}
	if Ignored(at) {
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

// readUnknown keeps what no schema describes. URN:tag, as some send it, is tag
// of the extension URN.
func (t *Type) readUnknown(doc Object, urn, name string, value any) error {
	if urn == t.Core.ID {
		urn = ""
	}
	_, isExtension := value.(Object)
	if at := strings.LastIndexByte(name, ':'); urn == "" && at > 0 && IsURN(name[:at]) && !isExtension {
		urn, name = name[:at], name[at+1:]
	}
	return keepUnknown(Container(doc, urn), name, value)
}

// readExtension reads what stands under the URN of a known schema.
func (t *Type) readExtension(doc Object, urn string, value any) error {
	values, err := AsObject(urn, value)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := t.readAttribute(doc, urn, name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

// SplitURN splits a name such as URN:department where the URN is that of a
// known schema.
func (t *Type) SplitURN(name string) (urn, rest string, ok bool) {
	at := strings.LastIndexByte(name, ':')
	if at < 0 {
		return "", "", false
	}
	urn, rest = name[:at], name[at+1:]
	if strings.EqualFold(urn, t.Core.ID) {
		return t.Core.ID, rest, rest != ""
	}
	urn = t.Extension(urn)
	return urn, rest, urn != "" && rest != ""
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
