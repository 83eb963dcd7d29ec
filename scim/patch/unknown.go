package patch

import (
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/scim/resource"
)

// applyExtension changes a whole extension, known or not.
func (p *patcher) applyExtension(kind Kind, urn string, value any) error {
	if known := p.t.Extension(urn); known != "" {
		urn = known
	}
	name := resource.Key(p.doc, urn)
	if kind == Remove {
		delete(p.doc, name)
		return nil
	}
	values, err := resource.AsObject(urn, value)
	if err != nil {
		return err
	}
	if len(values) == 0 && kind == Replace {
		delete(p.doc, name)
		return nil
	}
	if p.t.Extension(urn) != "" {
		return p.applyEach(kind, urn, values)
	}
	for _, inner := range slices.Sorted(maps.Keys(values)) {
		if err := p.setUnknown(kind, resource.Container(p.doc, urn), inner, values[inner]); err != nil {
			return err
		}
	}
	return nil
}

// applyUnknown changes what is kept under a URN that no schema describes.
func (p *patcher) applyUnknown(kind Kind, path []string, value any) error {
	if whole := path[0] + ":" + path[1]; len(path) == 2 {
		_, isObject := value.(resource.Object)
		_, isThere := p.doc[resource.Key(p.doc, whole)].(resource.Object)
		if isObject || isThere {
			return p.applyExtension(kind, whole, value)
		}
	}
	in := resource.Container(p.doc, path[0])
	if len(path) == 3 {
		name := resource.Key(in, path[1])
		inner, _ := in[name].(resource.Object)
		inner = maps.Clone(inner)
		if inner == nil {
			inner = resource.Object{}
		}
		if err := p.setUnknown(kind, inner, path[2], value); err != nil {
			return err
		}
		if in[name] = inner; len(inner) == 0 {
			delete(in, name)
		}
		return nil
	}
	return p.setUnknown(kind, in, path[1], value)
}

// setUnknown changes an attribute of which nothing is known: add appends when
// both are lists, everything else replaces.
func (p *patcher) setUnknown(kind Kind, in resource.Object, name string, value any) error {
	name = resource.Key(in, name)
	got := resource.Clean(value)
	if kind == Remove || got == nil {
		delete(in, name)
		return nil
	}
	if err := resource.CheckLists(name, got); err != nil {
		return err
	}
	current, isList := in[name].([]any)
	extra, extraIsList := got.([]any)
	if kind == Add && isList && extraIsList {
		var err error
		if got, err = p.union(name, current, extra); err != nil {
			return err
		}
	}
	if name != "" {
		in[name] = got
	}
	return resource.CheckNames(in)
}
