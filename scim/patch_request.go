package scim

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

const patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// opKind is what a PATCH operation does.
type opKind string

const (
	opAdd     opKind = "add"
	opReplace opKind = "replace"
	opRemove  opKind = "remove"
)

// operation is one operation of a PATCH request.
type operation struct {
	kind     opKind
	path     string // "" for none
	value    any
	hasValue bool // null is a value: it unassigns
}

// readPatch reads the body of a PATCH request (RFC 7644 §3.5.2). Names and op
// are taken in any letter case (Entra sends "Replace"); other URNs beside
// PatchOp in schemas are passed over.
func readPatch(body resource.Object, limits Limits) ([]operation, error) {
	if !namesSchema(body[resource.Key(body, "schemas")], patchURN) {
		return nil, scimerr.InvalidSyntax("schemas must hold %s.", patchURN)
	}
	list, ok := body[resource.Key(body, "Operations")].([]any)
	if one, isOne := body[resource.Key(body, "Operations")].(resource.Object); isOne {
		list, ok = []any{one}, true
	}
	switch {
	case !ok || len(list) == 0:
		return nil, scimerr.InvalidSyntax("Operations must be a list of at least one operation.")
	case len(list) > limits.MaxOperations:
		return nil, scimerr.TooLarge("The request holds more operations than one PATCH may have; see bulk.maxOperations of the ServiceProviderConfig.")
	}
	out := make([]operation, 0, len(list))
	for _, element := range list {
		op, err := readOperation(element)
		if err != nil {
			return nil, err
		}
		out = append(out, op)
	}
	return out, nil
}

// namesSchema reports whether the schemas of a message hold urn.
func namesSchema(schemas any, urn string) bool {
	isIt := func(element any) bool {
		s, ok := element.(string)
		return ok && strings.EqualFold(s, urn)
	}
	list, ok := schemas.([]any)
	return ok && slices.ContainsFunc(list, isIt) || isIt(schemas)
}

func readOperation(element any) (operation, error) {
	o, ok := element.(resource.Object)
	if !ok {
		return operation{}, scimerr.InvalidSyntax("An operation must be an object.")
	}
	var op operation
	name, _ := o[resource.Key(o, "op")].(string)
	switch op.kind = opKind(strings.ToLower(name)); op.kind {
	case opAdd, opReplace, opRemove:
	default:
		return operation{}, scimerr.InvalidSyntax("op must be add, remove or replace.")
	}
	switch path := o[resource.Key(o, "path")].(type) {
	case nil:
	case string:
		op.path = strings.TrimSpace(path)
	default:
		return operation{}, scimerr.InvalidPath("path must be a string.")
	}
	op.value, op.hasValue = o[resource.Key(o, "value")]
	return op, nil
}
