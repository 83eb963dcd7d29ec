package patch

import (
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
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

// applyUnknown changes what no schema describes.
func (p *patcher) applyUnknown(kind Kind, at resource.Path, value any) error {
	urn, in := at.Unknown[0], resource.Container(p.doc, at.Unknown[0])
	name := resource.Key(in, at.Unknown[1])
	_, isObject := value.(resource.Object)
	if whole := urn + ":" + name; len(at.Unknown) == 2 && at.Where == nil && isObject && in[name] == nil && p.t.MayExtend(whole) {
		return p.applyExtension(kind, whole, value)
	}
	part := ""
	if len(at.Unknown) == 3 {
		part = at.Unknown[2]
	}
	inner, isComplex := in[name].(resource.Object)
	_, isList := in[name].([]any)
	switch {
	case at.Where != nil || isList && part != "":
		return p.applyElements(kind, in, name, at, value)
	case part == "":
		return p.setUnknown(kind, in, name, value)
	case in[name] != nil && !isComplex:
		return scimerr.InvalidPath("%s has no %s.", scimerr.Quote(name), scimerr.Quote(part))
	}
	if inner = maps.Clone(inner); inner == nil {
		inner = resource.Object{}
	}
	if err := p.setUnknown(kind, inner, part, value); err != nil {
		return err
	}
	if in[name] = inner; len(inner) == 0 {
		delete(in, name)
	}
	return resource.CheckNames(in)
}

// setUnknown changes an attribute of which nothing is known. It is multi-valued
// where it holds or is sent a list, and complex where both are objects: add then
// adds (RFC 7644 §3.5.2.1). Remove with a value takes that out of a list
// (§3.5.2.2); of anything else nothing is left.
func (p *patcher) setUnknown(kind Kind, in resource.Object, name string, value any) error {
	name = resource.Key(in, name)
	got := resource.Clean(value)
	list, isList := in[name].([]any)
	if kind == Remove && isList && got != nil {
		return p.removeValues(in, name, list, got)
	}
	if kind == Remove || got == nil {
		if kind != Add || !isList {
			delete(in, name)
		}
		return nil
	}
	if err := resource.CheckLists(name, got); err != nil {
		return err
	}
	if kind == Add {
		var err error
		if got, err = p.added(name, in[name], got); err != nil {
			return err
		}
	}
	if name != "" {
		in[name] = got
	}
	return resource.CheckNames(in)
}

// added returns what an attribute of which nothing is known is once value has been
// added to what it was.
func (p *patcher) added(name string, current, value any) (any, error) {
	list, isList := current.([]any)
	extra, isMany := value.([]any)
	switch {
	case isList && isMany:
		return p.union(name, list, extra)
	case isList:
		return p.union(name, list, []any{value})
	case isMany && current != nil:
		return p.union(name, []any{current}, extra)
	}
	have, isComplex := current.(resource.Object)
	more, isObject := value.(resource.Object)
	if !isComplex || !isObject {
		return value, nil
	}
	out := maps.Clone(have)
	for inner, v := range more {
		out[resource.Key(out, inner)] = v
	}
	return out, resource.CheckNames(out)
}

// removeValues takes values out of a list.
func (p *patcher) removeValues(in resource.Object, name string, list []any, values any) error {
	gone, isMany := values.([]any)
	if !isMany {
		gone = []any{values}
	}
	if err := p.budget.spend(len(list) * len(gone)); err != nil {
		return err
	}
	return p.setList(in, name, slices.DeleteFunc(slices.Clone(list), func(have any) bool {
		return slices.ContainsFunc(gone, func(g any) bool { return sameUnknown(have, g) })
	}))
}

// sameUnknown reports whether two elements are the same value: equal as a whole, or
// with an equal value where the second has nothing else.
func sameUnknown(have, named any) bool {
	a, ok := have.(resource.Object)
	b, ok2 := named.(resource.Object)
	if !ok || !ok2 || len(b) != 1 {
		return equal(have, named)
	}
	value := b[resource.Key(b, "value")]
	return value != nil && equal(a[resource.Key(a, "value")], value) || equal(have, named)
}

func (p *patcher) setList(in resource.Object, name string, list []any) error {
	if len(list) == 0 {
		delete(in, name)
		return nil
	}
	in[name] = list
	return resource.CheckLists(name, list)
}

// applyElements changes elements of a list of which nothing is known: those that a
// value filter finds, or all. Where it finds none, one is made from its eq terms,
// as in known lists.
func (p *patcher) applyElements(kind Kind, in resource.Object, name string, at resource.Path, value any) error {
	list, isList := in[name].([]any)
	isOne := !isList && in[name] != nil
	if isOne {
		list = []any{in[name]}
	}
	if err := p.budget.spend(len(list) * terms(at.Where)); err != nil {
		return err
	}
	got := resource.Clean(value)
	if kind == Remove {
		got = nil
	}
	out := make([]any, 0, len(list)+1)
	found := false
	for _, element := range list {
		if err := p.budget.spend(0); err != nil {
			return err
		}
		if at.Where != nil && !filter.HoldsUnknown(at.Where, element) {
			out = append(out, element)
			continue
		}
		found = true
		changed, err := changeUnknown(kind, at, element, got)
		if err != nil {
			return err
		}
		if changed != nil {
			out = append(out, changed)
		}
	}
	if !found && got != nil {
		element, ok := filter.Terms(at.Where)
		if !ok {
			return scimerr.NoTarget("No value of %s matches the filter.", scimerr.Quote(name))
		}
		made, err := changeUnknown(Add, at, element, got)
		if err != nil {
			return err
		}
		out = append(out, made)
	}
	if isOne && len(out) == 1 {
		in[name] = out[0]
		return nil
	}
	return p.setList(in, name, out)
}

// changeUnknown returns an element with its part, or all of it, changed to value;
// nil where nothing is left of it.
func changeUnknown(kind Kind, at resource.Path, element, value any) (any, error) {
	o, isObject := element.(resource.Object)
	sent, isComplex := single(value).(resource.Object)
	out := maps.Clone(o)
	switch {
	case len(at.Unknown) == 3 && !isObject:
		return nil, scimerr.InvalidPath("%s has no %s.", scimerr.Quote(at.Unknown[1]), scimerr.Quote(at.Unknown[2]))
	case len(at.Unknown) == 3 && value != nil:
		out[resource.Key(out, at.Unknown[2])] = value
		return out, resource.CheckNames(out)
	case len(at.Unknown) == 3:
		delete(out, resource.Key(out, at.Unknown[2]))
		if resource.OnlyLabels(out) && !resource.OnlyLabels(o) {
			return nil, nil
		}
		return out, nil
	case !isObject || !isComplex:
		return single(value), nil
	}
	if kind == Replace {
		out, _ = filter.Terms(at.Where)
	}
	if out == nil {
		out = resource.Object{}
	}
	for name, inner := range sent {
		out[resource.Key(out, name)] = inner
	}
	return out, resource.CheckNames(out)
}
