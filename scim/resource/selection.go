package resource

import (
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Selection says which attributes of a resource an answer holds
// (RFC 7644 §3.9).
type Selection struct {
	only   []selector // when not nil, these and what is always returned
	except []selector
}

// selector names an attribute, a sub-attribute or a whole extension. All parts
// are folded.
type selector struct {
	urn  string // "" for the core schema
	name string // "" for the whole extension
	sub  string // "" for the whole attribute
}

// ParseSelection reads the query parameters attributes and excludedAttributes.
// Names that no resource has select nothing; an empty list is none.
func (t *Type) ParseSelection(query url.Values) (Selection, error) {
	s := Selection{only: t.selectors(query["attributes"]), except: t.selectors(query["excludedAttributes"])}
	if len(s.only) > 0 && len(s.except) > 0 {
		return Selection{}, scimerr.InvalidValue("attributes", "cannot be combined with excludedAttributes (RFC 7644 §3.9)")
	}
	return s, nil
}

func (t *Type) selectors(params []string) []selector {
	var out []selector
	for _, param := range params {
		for text := range strings.SplitSeq(withoutFilters(param), ",") {
			if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
				out = append(out, t.selector(text))
			}
		}
	}
	return out
}

// withoutFilters drops the value filters from a list of attributes. None belongs
// there (RFC 7644 §3.9), but Microsoft's requests have some, and whoever asks for
// emails[type eq "work"] wants no fewer than these.
func withoutFilters(list string) string {
	var b strings.Builder
	var inFilter, inText bool
	for _, c := range list {
		switch {
		case c == '"' && inFilter:
			inText = !inText
		case c == '[' && !inText:
			inFilter = true
		case c == ']' && !inText:
			inFilter = false
		case !inFilter:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// selector parses one folded name: attribute, attribute.sub, URN:attribute,
// URN:attribute.sub or URN.
func (t *Type) selector(text string) selector {
	if ext := t.Extension(text); ext != "" {
		return selector{urn: text}
	}
	var s selector
	s.urn, text = SplitName(text)
	s.name, s.sub, _ = strings.Cut(text, ".")
	if at, sub, ok := t.Lookup(s.urn, s.name, s.sub); ok {
		return selector{urn: strings.ToLower(at.URN), name: strings.ToLower(at.Def.Name()), sub: sub}
	}
	if s.urn == strings.ToLower(t.Core.ID) {
		s.urn = ""
	}
	return s
}

// isExtension reports whether s names the whole extension that has the URN urn.
// What an unknown URN ends in looks like an attribute.
func (s selector) isExtension(urn string) bool {
	text := s.urn
	if s.name != "" {
		text += ":" + s.name
	}
	if s.sub != "" {
		text += "." + s.sub
	}
	return text == urn
}

// Has reports whether any part of a top-level attribute is returned, so that
// what nobody asked for need not be read.
func (s Selection) Has(name string) bool {
	folded := strings.ToLower(name)
	if s.only != nil {
		for _, sel := range s.only {
			if sel.urn == "" && sel.name == folded {
				return true
			}
		}
		return false
	}
	for _, sel := range s.except {
		if sel == (selector{name: folded}) {
			return false
		}
	}
	return true
}

// IsBare reports whether of people nothing is selected but what the core knows of
// everybody, so that their documents need not be read.
func (s Selection) IsBare() bool {
	for _, sel := range s.only {
		known := sel.urn == "" && slices.ContainsFunc(own, func(name string) bool { return strings.ToLower(name) == sel.name })
		if !known {
			return false
		}
	}
	return s.only != nil
}

// Apply returns what of a resource is selected. id and schemas always are.
func (s Selection) Apply(resource Object) Object {
	if s.only == nil && len(s.except) == 0 {
		return resource
	}
	out := Object{}
	for name, value := range resource {
		if name == "id" || name == "schemas" {
			out[name] = value
			continue
		}
		folded := strings.ToLower(name)
		var kept any
		if extension, ok := value.(Object); ok && IsURN(name) {
			kept = s.filterObject(extension, func(inner string) selector {
				return selector{urn: folded, name: inner}
			}, folded)
		} else {
			kept = s.filter(value, selector{name: folded})
		}
		if kept != nil {
			out[name] = kept
		}
	}
	return out
}

// filter returns what is selected of the attribute that at names; nil when
// nothing is.
func (s Selection) filter(value any, at selector) any {
	if s.only != nil {
		whole, parts := match(s.only, at)
		switch {
		case whole:
			return value
		case parts != nil:
			return subAttributes(value, func(name string) bool { return parts[name] })
		}
		return nil
	}
	whole, parts := match(s.except, at)
	switch {
	case whole:
		return nil
	case parts != nil:
		return subAttributes(value, func(name string) bool { return !parts[name] })
	}
	return value
}

// filterObject applies the selection to each attribute of the extension urn.
func (s Selection) filterObject(o Object, at func(name string) selector, urn string) any {
	whole := func(sel selector) bool { return sel.isExtension(urn) }
	if slices.ContainsFunc(s.only, whole) {
		return o
	}
	if slices.ContainsFunc(s.except, whole) {
		return nil
	}
	out := Object{}
	for name, value := range o {
		if kept := s.filter(value, at(strings.ToLower(name))); kept != nil {
			out[name] = kept
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// match reports whether list names the attribute at as a whole, and if not,
// which of its sub-attributes.
func match(list []selector, at selector) (whole bool, parts map[string]bool) {
	for _, sel := range list {
		if sel.urn != at.urn || sel.name != at.name {
			continue
		}
		if sel.sub == "" {
			return true, nil
		}
		if parts == nil {
			parts = map[string]bool{}
		}
		parts[sel.sub] = true
	}
	return false, parts
}

// subAttributes keeps the sub-attributes of a complex value, or of each
// element of a list, that keep accepts.
func subAttributes(value any, keep func(folded string) bool) any {
	switch value := value.(type) {
	case Object:
		out := Object{}
		for name, inner := range value {
			if keep(strings.ToLower(name)) {
				out[name] = inner
			}
		}
		if len(out) > 0 {
			return out
		}
	case memberList:
		value.keep = keep
		return value
	case []any:
		var out []any
		for _, element := range value {
			if kept := subAttributes(element, keep); kept != nil {
				out = append(out, kept)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}
