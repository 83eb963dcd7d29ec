package scim

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/scim/filter"
)

// read turns the body of a POST or PUT into a document: attribute names in the
// schema's spelling, extensions under their URN, booleans as booleans, lists
// as lists. What is unassigned (null, "", [], {}; RFC 7643 §2.5) is left out.
// Attributes and schemas that are unknown are kept. id, meta, groups and
// password are ignored (RFC 7644 §3.5.1), and so is schemas: what is there
// decides.
func (t *resourceType) read(body object) (object, error) {
	doc := object{}
	for _, name := range byPrecedence(body) {
		if err := t.readAttribute(doc, "", name, body[name]); err != nil {
			return nil, err
		}
	}
	prune(doc)
	return doc, nil
}

// byPrecedence returns the names in o so that extensions come last: what a
// client says under the full URN wins over a bare name.
func byPrecedence(o object) []string {
	return slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		if urnA, urnB := strings.Contains(a, ":"), strings.Contains(b, ":"); urnA != urnB {
			if urnB {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
}

func (t *resourceType) readAttribute(doc object, urn, name string, value any) error {
	if urn == "" {
		if ext := t.extension(name); ext != "" {
			return t.readExtension(doc, ext, value)
		}
		if strings.EqualFold(name, t.core.ID) {
			return t.readExtension(doc, t.core.ID, value)
		}
		if prefix, rest, ok := t.splitURN(name); ok {
			return t.readAttribute(doc, prefix, rest, value)
		}
	}
	at, ok := t.find(urn, name)
	if !ok {
		t.readUnknown(doc, urn, name, value)
		return nil
	}
	if ignored(at) {
		return nil
	}
	got, err := normalize(at.Def, pathOf(at), value)
	if err != nil {
		return err
	}
	if got = withoutLabels(at.Def, got); got != nil {
		container(doc, at.URN)[at.Def.Name()] = got
	}
	return nil
}

// readUnknown keeps what no schema describes. URN:tag, as some send it, is tag
// of the extension URN.
func (t *resourceType) readUnknown(doc object, urn, name string, value any) {
	if urn == t.core.ID {
		urn = ""
	}
	_, isExtension := value.(object)
	if at := strings.LastIndexByte(name, ':'); urn == "" && at > 0 && isURN(name[:at]) && !isExtension {
		urn, name = name[:at], name[at+1:]
	}
	keepUnknown(container(doc, urn), name, value)
}

// readExtension reads what stands under the URN of a known schema.
func (t *resourceType) readExtension(doc object, urn string, value any) error {
	values, err := asObject(urn, value)
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

// splitURN splits a name such as URN:department where the URN is that of a
// known schema.
func (t *resourceType) splitURN(name string) (urn, rest string, ok bool) {
	at := strings.LastIndexByte(name, ':')
	if at < 0 {
		return "", "", false
	}
	urn, rest = name[:at], name[at+1:]
	if strings.EqualFold(urn, t.core.ID) {
		return t.core.ID, rest, rest != ""
	}
	urn = t.extension(urn)
	return urn, rest, urn != "" && rest != ""
}

// container returns the object of doc that holds the attributes of urn.
func container(doc object, urn string) object {
	if urn == "" {
		return doc
	}
	name := key(doc, urn)
	inner, ok := doc[name].(object)
	if !ok {
		inner = object{}
		doc[name] = inner
	}
	return inner
}

// ignored reports whether an attribute is passed over when it is written.
func ignored(at filter.Attribute) bool {
	return at.URN == "" && (isReadOnly(at.Def) || at.Def.Name() == "schemas" || at.Def.Name() == "password")
}

// pathOf returns the name of an attribute for use in a detail.
func pathOf(at filter.Attribute) string {
	if at.URN == "" {
		return at.Def.Name()
	}
	return at.URN + ":" + at.Def.Name()
}

func keepUnknown(o object, name string, value any) {
	if got := clean(value); got != nil && name != "" {
		o[key(o, name)] = got
	}
}

// clean returns value without what is unassigned in it, and nil when nothing
// is left.
func clean(value any) any {
	switch value := value.(type) {
	case object:
		out := object{}
		for name, inner := range value {
			if got := clean(inner); got != nil {
				out[name] = got
			}
		}
		if len(out) > 0 {
			return out
		}
		return nil
	case []any:
		var out []any
		for _, inner := range value {
			if got := clean(inner); got != nil {
				out = append(out, got)
			}
		}
		if len(out) > 0 {
			return out
		}
		return nil
	case string:
		if isBlank(value) {
			return nil
		}
	}
	return value
}

// isBlank reports whether a string stands for no value. OneLogin's templates
// send " " where a parameter is not set.
func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// withoutLabels drops the elements of a multi-valued attribute that say how a
// value is labelled but hold none, such as {"type": "work", "primary": true}.
func withoutLabels(def schema.CoreAttribute, value any) any {
	list, ok := value.([]any)
	if !ok || !isComplex(def) || def.Name() == "members" {
		return value
	}
	list = slices.DeleteFunc(list, onlyLabels)
	if len(list) == 0 {
		return nil
	}
	return list
}

func onlyLabels(element any) bool {
	o, ok := element.(object)
	if !ok {
		return false
	}
	for name := range o {
		if name != "type" && name != "primary" {
			return false
		}
	}
	return true
}

func isPrimary(element any) bool {
	o, ok := element.(object)
	return ok && o["primary"] == true
}

func primaries(list []any) int {
	n := 0
	for _, element := range list {
		if isPrimary(element) {
			n++
		}
	}
	return n
}

// prune removes extensions that hold nothing.
func prune(doc object) {
	maps.DeleteFunc(doc, func(name string, value any) bool {
		o, ok := value.(object)
		return ok && len(o) == 0
	})
}
