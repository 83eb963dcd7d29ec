package patch

import (
	"maps"
	"strings"

	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// patcher applies the operations of one PATCH request to a document. It may
// leave the document half changed when it fails: callers work on a copy and
// drop it.
type patcher struct {
	t      *resource.Type
	doc    resource.Object
	limits Limits
	budget budget
	sets   map[*any]*valueSet // of unknown lists, by their first element
	grown  []filter.Attribute // whose lists may hold a value twice now

	// members takes the operations on the members of a group, which are no
	// part of the document; nil for other resources.
	members func(kind Kind, at resource.Path, value any) error
}

// applyAll applies operations in order.
func (p *patcher) applyAll(operations []Operation) error {
	for _, op := range operations {
		if err := p.budget.spend(1); err != nil {
			return err
		}
		if err := p.apply(op); err != nil {
			return err
		}
		if err := resource.CheckNames(p.doc); err != nil {
			return err
		}
	}
	p.eachOnce()
	resource.Prune(p.doc)
	return nil
}

func (p *patcher) apply(op Operation) error {
	lacksValue := op.kind != Remove && !op.hasValue
	if op.path != "" && !strings.EqualFold(op.path, p.t.Core.ID) {
		at, err := p.locate(op.path, op.value)
		if err != nil {
			return err
		}
		if lacksValue && !(op.kind == Add && p.namesMember(at)) {
			return needsValue(op.kind)
		}
		if at.ReadOnly() {
			return scimerr.Immutable(at.String(), "is read-only.")
		}
		return p.applyAt(op.kind, at, op.value)
	}
	if op.kind == Remove {
		return scimerr.NoTarget("remove needs a path (RFC 7644 section 3.5.2.2).")
	}
	if lacksValue {
		return needsValue(op.kind)
	}
	values, err := resource.AsObject("value", op.value)
	if err != nil || values == nil {
		return scimerr.InvalidValue("value", "must be an object where there is no path")
	}
	return p.applyEach(op.kind, "", values)
}

func needsValue(kind Kind) error { return scimerr.InvalidValue("value", "is required with %s", kind) }

// locate returns where a path leads in the document. An object at a URN of its own
// is an extension.
func (p *patcher) locate(path string, value any) (resource.Path, error) {
	at, err := p.t.Locate(p.doc, path, p.limits.Filter)
	if _, isObject := value.(resource.Object); err != nil && isObject && p.t.MayExtend(path) {
		return resource.Path{Extension: path}, nil
	}
	return at, err
}

// namesMember reports whether the path itself says who the member is: Corteza adds
// members[value eq "x"] without a value.
func (p *patcher) namesMember(at resource.Path) bool {
	return p.members != nil && at.Def.Name() == "members" && at.Where != nil && at.Sub == nil && at.Unknown == nil && at.Extension == ""
}

// applyEach applies an operation without path: each name in values is itself a
// path: plain, dotted (Entra: name.givenName), under a URN, or the URN of a
// whole extension. What may not be written is passed over: authentik sends the
// whole resource back, id and schemas included.
func (p *patcher) applyEach(kind Kind, urn string, values resource.Object) error {
	for _, name := range resource.ByPrecedence(values) {
		if err := p.budget.spend(1); err != nil {
			return err
		}
		if err := p.applyName(kind, urn, name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

func (p *patcher) applyName(kind Kind, urn, name string, value any) error {
	if urn == "" && strings.EqualFold(name, p.t.Core.ID) {
		inner, err := resource.AsObject(name, value)
		if err != nil {
			return err
		}
		return p.applyEach(kind, "", inner)
	}
	path := name
	if urn != "" {
		path = urn + ":" + name
	}
	at, err := p.locate(path, value)
	switch {
	case err == nil && at.ReadOnly():
		return nil
	case err == nil:
		return p.applyAt(kind, at, value)
	case p.t.MisnamesIn(path):
		return p.t.Misnamed(name)
	case strings.ContainsAny(name, "[]"):
		return err
	}
	if at, err = p.t.Kept(path); err != nil || at.ReadOnly() {
		return err
	}
	return p.applyUnknown(kind, at, value)
}

// applyAt applies one operation to its target.
func (p *patcher) applyAt(kind Kind, at resource.Path, value any) error {
	switch {
	case at.Extension != "":
		return p.applyExtension(kind, at.Extension, value)
	case at.Unknown != nil:
		return p.applyUnknown(kind, at, value)
	case at.Def.Name() == "members" && p.members != nil:
		return p.members(kind, at, value)
	case resource.Ignored(at.Attribute):
		return nil
	}
	if at.Def.MultiValued() {
		return p.applyMany(kind, at, value)
	}
	return p.applyOne(kind, at, value)
}

// applyOne changes a single-valued attribute.
func (p *patcher) applyOne(kind Kind, at resource.Path, value any) error {
	in, name := resource.Container(p.doc, at.URN), at.Def.Name()
	if at.Where != nil { // manager[value eq "9"]
		if current, ok := in[name]; !ok || !filter.Holds(at.Where, current) {
			if kind == Remove {
				return nil
			}
			return scimerr.NoTarget("%s has no such value.", scimerr.Quote(at.Attribute.String()))
		}
	}
	if at.Sub != nil {
		complex, _ := in[name].(resource.Object)
		complex, err := setSub(kind, maps.Clone(complex), at, value)
		if err != nil {
			return err
		}
		return p.put(in, at, complex)
	}
	if kind == Remove {
		return p.unassign(in, at)
	}
	got, err := resource.Normalize(at.Def, at.Attribute.String(), value)
	if err != nil {
		return err
	}
	if complex, ok := value.(resource.Object); ok && resource.IsComplex(at.Def) {
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
func (p *patcher) merge(in resource.Object, at resource.Path, sent resource.Object, got any) error {
	values, _ := got.(resource.Object)
	if len(sent) == 0 {
		return p.unassign(in, at)
	}
	current, _ := in[at.Def.Name()].(resource.Object)
	return p.put(in, at, merged(at, current, sent, values))
}

// merged returns current with the sub-attributes that sent names as they are
// in values; those that are not there are unassigned.
func merged(at resource.Path, current, sent, values resource.Object) resource.Object {
	out := maps.Clone(current)
	if out == nil {
		out = resource.Object{}
	}
	for name := range sent {
		sub, ok := resource.SubAttribute(at.Def, name)
		switch {
		case ok && resource.IsReadOnly(sub):
		case ok:
			delete(out, sub.Name())
		default:
			delete(out, resource.Key(out, name))
		}
	}
	maps.Copy(out, values)
	return out
}

// put stores a complex value; an empty one is unassigned. A reference that
// came with another value goes: Entra changes the manager's value alone.
func (p *patcher) put(in resource.Object, at resource.Path, value resource.Object) error {
	if len(value) == 0 {
		return p.unassign(in, at)
	}
	before, _ := in[at.Def.Name()].(resource.Object)
	if value["$ref"] == before["$ref"] && value["value"] != before["value"] {
		delete(value, "$ref")
	}
	in[at.Def.Name()] = value
	return nil
}

// unassign removes an attribute. active stays what it is: nobody is revived or
// suspended by an attribute that is not there.
func (p *patcher) unassign(in resource.Object, at resource.Path) error {
	name := at.Def.Name()
	if at.Def.Required() {
		return scimerr.Immutable(at.Attribute.String(), "is required and cannot be removed.")
	}
	if at.URN == "" && name == "active" {
		return nil
	}
	delete(in, name)
	return nil
}

// setSub changes one sub-attribute of a complex value, which may be nil.
func setSub(kind Kind, complex resource.Object, at resource.Path, value any) (resource.Object, error) {
	var got any
	if kind != Remove {
		var err error
		if got, err = resource.Normalize(*at.Sub, at.String(), value); err != nil {
			return nil, err
		}
	}
	if got == nil {
		delete(complex, at.Sub.Name())
		return complex, nil
	}
	if complex == nil {
		complex = resource.Object{}
	}
	complex[at.Sub.Name()] = got
	return complex, nil
}
