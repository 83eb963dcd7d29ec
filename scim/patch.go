package scim

import (
	"maps"
	"strings"

	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// patcher applies the operations of one PATCH request to a document. It may
// leave the document half changed when it fails: callers work on a copy and
// drop it.
type patcher struct {
	t      *resourceType
	doc    object
	limits Limits

	// members takes the operations on the members of a group, which are no
	// part of the document; nil for other resources.
	members func(kind opKind, at target, value any) error
}

// applyAll applies operations in order.
func (p *patcher) applyAll(operations []operation) error {
	for _, op := range operations {
		if err := p.apply(op); err != nil {
			return err
		}
		if err := checkNames(p.doc); err != nil {
			return err
		}
	}
	prune(p.doc)
	return nil
}

func (p *patcher) apply(op operation) error {
	if op.kind != opRemove && !op.hasValue {
		return scimerr.InvalidValue("value", "is required with %s", op.kind)
	}
	if op.path != "" && !strings.EqualFold(op.path, p.t.core.ID) {
		at, err := p.t.parseTarget(op.path, p.limits)
		if err != nil {
			return err
		}
		if at.readOnly() {
			return scimerr.Immutable(at.text(), "is read-only.")
		}
		return p.applyAt(op.kind, at, op.value)
	}
	if op.kind == opRemove {
		return scimerr.NoTarget("remove needs a path (RFC 7644 section 3.5.2.2).")
	}
	values, ok := op.value.(object)
	if !ok {
		return scimerr.InvalidValue("value", "must be an object where there is no path")
	}
	return p.applyEach(op.kind, "", values)
}

// applyEach applies an operation without path: each name in values is itself a
// path: plain, dotted (Entra: name.givenName), under a URN, or the URN of a
// whole extension. What may not be written is passed over: authentik sends the
// whole resource back, id and schemas included.
func (p *patcher) applyEach(kind opKind, urn string, values object) error {
	for _, name := range byPrecedence(values) {
		if err := p.applyName(kind, urn, name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

func (p *patcher) applyName(kind opKind, urn, name string, value any) error {
	path := name
	if urn != "" {
		path = urn + ":" + name
	} else if strings.EqualFold(name, p.t.core.ID) {
		inner, err := asObject(name, value)
		if err != nil {
			return err
		}
		return p.applyEach(kind, "", inner)
	}
	if _, isObject := value.(object); isObject && urn == "" && isURN(name) && !strings.ContainsAny(name, "[]\"") {
		if _, _, attribute := p.t.splitURN(name); !attribute {
			return p.applyAt(kind, target{extension: name}, value)
		}
	}
	at, err := p.t.parseTarget(path, p.limits)
	switch {
	case err != nil && strings.ContainsAny(name, "[]"):
		return err
	case err != nil && strings.Contains(name, "."):
		return nil // part of nothing we know
	case err != nil:
		return p.setUnknown(kind, container(p.doc, urn), name, value)
	case at.readOnly():
		return nil
	}
	return p.applyAt(kind, at, value)
}

// applyAt applies one operation to its target.
func (p *patcher) applyAt(kind opKind, at target, value any) error {
	switch {
	case at.extension != "":
		return p.applyExtension(kind, at.extension, value)
	case at.unknown != nil:
		return p.applyUnknown(kind, at.unknown, value)
	case at.Def.Name() == "members" && p.members != nil:
		return p.members(kind, at, value)
	case ignored(at.Attribute):
		return nil
	}
	if at.Def.MultiValued() {
		return p.applyMany(kind, at, value)
	}
	return p.applyOne(kind, at, value)
}

// applyOne changes a single-valued attribute.
func (p *patcher) applyOne(kind opKind, at target, value any) error {
	in, name := container(p.doc, at.URN), at.Def.Name()
	if at.where != nil { // manager[value eq "9"]
		if current, ok := in[name]; !ok || !filter.Holds(at.where, current) {
			if kind == opRemove {
				return nil
			}
			return scimerr.NoTarget("%s has no such value.", scimerr.Quote(pathOf(at.Attribute)))
		}
	}
	if at.sub != nil {
		complex, _ := in[name].(object)
		complex, err := setSub(kind, maps.Clone(complex), at, value)
		if err != nil {
			return err
		}
		return p.put(in, at, complex)
	}
	if kind == opRemove {
		return p.unassign(in, at)
	}
	got, err := normalize(at.Def, pathOf(at.Attribute), value)
	if err != nil {
		return err
	}
	if complex, ok := value.(object); ok && isComplex(at.Def) {
		return p.merge(in, at, complex, got)
	}
	if got == nil {
		return p.unassign(in, at)
	}
	in[name] = got
	return nil
}

// merge changes the sub-attributes that sent names and leaves the others
// (RFC 7644 §3.5.2.1, §3.5.2.3). got is sent in canonical form, without what
// is unassigned.
func (p *patcher) merge(in object, at target, sent object, got any) error {
	values, _ := got.(object)
	if len(sent) == 0 {
		return p.unassign(in, at)
	}
	current, _ := in[at.Def.Name()].(object)
	return p.put(in, at, merged(at, current, sent, values))
}

// merged returns current with the sub-attributes that sent names as they are
// in values; those that are not there are unassigned.
func merged(at target, current, sent, values object) object {
	out := maps.Clone(current)
	if out == nil {
		out = object{}
	}
	for name := range sent {
		sub, ok := subAttribute(at.Def, name)
		switch {
		case ok && isReadOnly(sub):
		case ok:
			delete(out, sub.Name())
		default:
			delete(out, key(out, name))
		}
	}
	maps.Copy(out, values)
	return out
}

// put stores a complex value; an empty one is unassigned. A reference that
// came with another value goes: Entra changes the manager's value alone.
func (p *patcher) put(in object, at target, value object) error {
	if len(value) == 0 {
		return p.unassign(in, at)
	}
	before, _ := in[at.Def.Name()].(object)
	if value["$ref"] == before["$ref"] && value["value"] != before["value"] {
		delete(value, "$ref")
	}
	in[at.Def.Name()] = value
	return nil
}

// unassign removes an attribute. active stays what it is: nobody is revived or
// suspended by an attribute that is not there.
func (p *patcher) unassign(in object, at target) error {
	name := at.Def.Name()
	if at.Def.Required() {
		return scimerr.Immutable(pathOf(at.Attribute), "is required and cannot be removed.")
	}
	if at.URN == "" && name == "active" {
		return nil
	}
	delete(in, name)
	return nil
}

// setSub changes one sub-attribute of a complex value, which may be nil.
func setSub(kind opKind, complex object, at target, value any) (object, error) {
	var got any
	if kind != opRemove {
		var err error
		if got, err = normalize(*at.sub, at.text(), value); err != nil {
			return nil, err
		}
	}
	if got == nil {
		delete(complex, at.sub.Name())
		return complex, nil
	}
	if complex == nil {
		complex = object{}
	}
	complex[at.sub.Name()] = got
	return complex, nil
}
