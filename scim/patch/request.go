package patch

import (
	"strings"

	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// URN names the message that a PATCH is; olderURN named it in the drafts of the
// standard, and some clients have kept that.
const (
	URN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	olderURN = "urn:ietf:params:scim:schemas:core:2.0:PatchOp"
)

// Kind is what a PATCH operation does.
type Kind string

// What operations do (RFC 7644 §3.5.2.1 to §3.5.2.3).
const (
	Add     Kind = "add"
	Replace Kind = "replace"
	Remove  Kind = "remove"
)

// Operation is one operation of a PATCH request.
type Operation struct {
	kind     Kind
	path     string // "" for none
	value    any
	hasValue bool // null is a value: it unassigns
}

// Read reads the body of a PATCH request (RFC 7644 §3.5.2). Names and op
// are taken in any letter case (Entra sends "Replace"); other URNs beside
// PatchOp in schemas are passed over. schemas may be absent, as authentik sends
// it: the operations say what it is. Where it is there it must be right.
func Read(body resource.Object, limits Limits) ([]Operation, error) {
	schemas := body[resource.Key(body, "schemas")]
	if schemas != nil && !resource.NamesSchema(schemas, URN) && !resource.NamesSchema(schemas, olderURN) {
		return nil, scimerr.InvalidSyntax("schemas must hold %s.", URN)
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
	out := make([]Operation, 0, len(list))
	for _, element := range list {
		op, err := readOperation(element)
		if err != nil {
			return nil, err
		}
		out = append(out, op)
	}
	return out, nil
}

func readOperation(element any) (Operation, error) {
	o, ok := element.(resource.Object)
	if !ok {
		return Operation{}, scimerr.InvalidSyntax("An operation must be an object.")
	}
	var op Operation
	name, _ := o[resource.Key(o, "op")].(string)
	switch op.kind = Kind(strings.ToLower(name)); op.kind {
	case Add, Replace, Remove:
	default:
		return Operation{}, scimerr.InvalidSyntax("op must be add, remove or replace.")
	}
	switch path := o[resource.Key(o, "path")].(type) {
	case nil:
	case string:
		op.path = strings.TrimSpace(path)
	default:
		return Operation{}, scimerr.InvalidPath("path must be a string.")
	}
	op.value, op.hasValue = o[resource.Key(o, "value")]
	return op, nil
}
