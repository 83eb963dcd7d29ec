package patch

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// applyMany changes a multi-valued attribute.
func (p *patcher) applyMany(kind Kind, at resource.Path, value any) error {
	in, name := resource.Container(p.doc, at.URN), at.Def.Name()
	list, _ := in[name].([]any) // ours, elements included: see patcher
	if err := p.budget.spend(len(list) * terms(at.Where)); err != nil {
		return err
	}
	var touched []any
	var err error
	switch {
	case at.Where == nil && at.Sub == nil:
		list, touched, err = p.changeList(kind, at, list, value)
	case kind == Remove:
		list, err = p.removeSelected(at, list)
	default:
		list, touched, err = p.changeSelected(kind, at, list, value)
	}
	if err != nil {
		return err
	}
	if err := onePrimary(at, list, touched); err != nil {
		return err
	}
	if len(list) == 0 {
		return p.unassign(in, at)
	}
	if in[name] = list; kind != Remove && len(list) > 1 && !slices.ContainsFunc(p.grown, at.Attribute.Is) {
		p.grown = append(p.grown, at.Attribute)
	}
	return nil
}

// eachOnce leaves each value once in the lists that operations have changed.
func (p *patcher) eachOnce() {
	for _, at := range p.grown {
		in := resource.Container(p.doc, at.URN)
		if list, ok := in[at.Def.Name()].([]any); ok {
			in[at.Def.Name()] = resource.Once(at.Def, list)
		}
	}
}

// changeList applies an operation whose path is the attribute as a whole.
func (p *patcher) changeList(kind Kind, at resource.Path, list []any, value any) (_, touched []any, _ error) {
	got, err := resource.Normalize(at.Def, at.Attribute.String(), value)
	if err != nil {
		return nil, nil, err
	}
	sent, _ := got.([]any)
	switch kind {
	case Remove:
		if len(sent) == 0 { // without a value all of it goes, whatever stands for none
			return nil, nil, nil
		}
		if err := p.budget.spend(len(list) * len(sent)); err != nil {
			return nil, nil, err
		}
		return slices.DeleteFunc(list, func(have any) bool {
			return slices.ContainsFunc(sent, func(s any) bool { return same(at, have, s) })
		}), nil, nil
	case Replace:
		return unique(sent), sent, nil
	}
	for _, element := range sent {
		if err := p.budget.spend(len(list)); err != nil {
			return nil, nil, err
		}
		i := slices.IndexFunc(list, func(have any) bool { return same(at, have, element) })
		if i < 0 {
			list = append(list, element)
			touched = append(touched, element)
			continue
		}
		if have, ok := list[i].(resource.Object); ok {
			maps.Copy(have, element.(resource.Object))
		}
		touched = append(touched, list[i])
	}
	return list, touched, resource.CheckCount(at.Def, at.Attribute.String(), len(list))
}

// same reports whether two elements are the same value: equal as a whole, or
// with equal value and, where both have one, type.
func same(at resource.Path, a, b any) bool {
	x, ok := a.(resource.Object)
	y, ok2 := b.(resource.Object)
	if !ok || !ok2 {
		s, isText := a.(string)
		r, isText2 := b.(string)
		return isText && isText2 && sameText(at.Def, s, r)
	}
	value, valueOther := resource.Text(x, "value"), resource.Text(y, "value")
	if value == "" || valueOther == "" {
		return equal(a, b)
	}
	sub, _ := resource.SubAttribute(at.Def, "value")
	kind, kindOther := resource.Text(x, "type"), resource.Text(y, "type")
	return sameText(sub, value, valueOther) && (kind == "" || kindOther == "" || strings.EqualFold(kind, kindOther))
}

func sameText(def schema.CoreAttribute, a, b string) bool {
	return a == b || !def.CaseExact() && strings.EqualFold(a, b)
}

// changeSelected applies add or replace to the elements that the path selects.
// Where there is none, one is made from the eq terms of the value filter:
// Entra writes emails[type eq "work"].value to people without an e-mail. That
// departs from RFC 7644 §3.5.2.3, which wants noTarget for replace.
func (p *patcher) changeSelected(kind Kind, at resource.Path, list []any, value any) (_, touched []any, _ error) {
	unassigns, err := isUnassigned(at, value)
	if err != nil {
		return nil, nil, err
	}
	if unassigns {
		list, err := p.removeSelected(at, list)
		return list, nil, err
	}
	selected := false
	for i, element := range list {
		if err := p.budget.spend(0); err != nil {
			return nil, nil, err
		}
		if at.Where != nil && !filter.Holds(at.Where, element) {
			continue
		}
		selected = true
		if list[i], err = changeElement(kind, at, element, value); err != nil {
			return nil, nil, err
		}
		touched = append(touched, list[i])
	}
	if selected {
		return list, touched, nil
	}
	made, err := makeElement(kind, at, value)
	if err != nil {
		return nil, nil, err
	}
	if at.Where != nil && !filter.Holds(at.Where, made) { // one like it would not have been found
		if err := p.budget.spend(len(list)); err != nil {
			return nil, nil, err
		}
		if slices.ContainsFunc(list, func(have any) bool { return equal(have, made) }) {
			return list, nil, nil
		}
	}
	list = append(list, made)
	return list, []any{made}, resource.CheckCount(at.Def, at.Attribute.String(), len(list))
}

// isUnassigned reports whether value stands for no value at the target.
func isUnassigned(at resource.Path, value any) (bool, error) {
	var got any
	var err error
	if at.Sub != nil {
		got, err = resource.Normalize(*at.Sub, at.String(), value)
	} else {
		got, err = resource.Normalize(at.Def, at.String(), value)
	}
	return got == nil, err
}

// changeElement returns an element with its sub-attribute changed, or with those
// that value names. With replace the value takes the element's place
// (RFC 7644 §3.5.2.3), but what the filter found it by: an address for work stays
// one when the value does not say so again.
func changeElement(kind Kind, at resource.Path, element, value any) (any, error) {
	o, ok := element.(resource.Object)
	if at.Sub != nil {
		return setSub(kind, o, at, value)
	}
	got, err := resource.NormalizeOne(at.Def, at.String(), single(value))
	if err != nil || !ok {
		return got, err
	}
	values, _ := got.(resource.Object)
	sent, ok := single(value).(resource.Object)
	if !ok { // a bare value
		return merged(at, o, values, values), nil
	}
	if kind == Replace {
		o, _ = filter.Terms(at.Where)
	}
	return merged(at, o, sent, values), nil
}

// single returns the element of a list of one, and anything else as it is.
func single(value any) any {
	if list, ok := value.([]any); ok && len(list) == 1 {
		return list[0]
	}
	return value
}

func makeElement(kind Kind, at resource.Path, value any) (any, error) {
	element := resource.Object{}
	if at.Where != nil {
		from, ok := filter.Terms(at.Where)
		if !ok {
			return nil, scimerr.NoTarget("No value of %s matches the filter.", scimerr.Quote(at.Attribute.String()))
		}
		element = from
	}
	if !resource.IsComplex(at.Def) {
		return changeElement(kind, at, nil, value)
	}
	return changeElement(kind, at, element, value)
}

// removeSelected removes the elements that the path selects, or their
// sub-attribute. An element of which only labels are left goes too: the value
// it labelled is gone.
func (p *patcher) removeSelected(at resource.Path, list []any) (_ []any, err error) {
	return slices.DeleteFunc(list, func(element any) bool {
		if err == nil {
			err = p.budget.spend(0)
		}
		if err != nil {
			return false
		}
		if at.Where != nil && !filter.Holds(at.Where, element) {
			return false
		}
		o, ok := element.(resource.Object)
		if at.Sub == nil || !ok {
			return true
		}
		if _, has := o[at.Sub.Name()]; !has {
			return false
		}
		delete(o, at.Sub.Name())
		return resource.OnlyLabels(o)
	}), err
}

// onePrimary makes sure that at most one element is primary: one that the
// operation made so takes it from the others (RFC 7643 §2.4).
func onePrimary(at resource.Path, list, touched []any) error {
	switch n := resource.Primaries(touched); {
	case n > 1:
		return scimerr.InvalidValue(at.Attribute.String(), "at most one value can be primary (RFC 7643 §2.4)")
	case n == 0:
		return nil
	}
	winner := touched[slices.IndexFunc(touched, resource.IsPrimary)].(resource.Object)
	for _, element := range list {
		if o, ok := element.(resource.Object); ok && resource.IsPrimary(o) && !sameMap(o, winner) {
			o["primary"] = false
		}
	}
	return nil
}

// sameMap reports whether a and b are one map in memory.
func sameMap(a, b resource.Object) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
