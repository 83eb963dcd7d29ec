package reference

import (
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	filter "github.com/scim2/filter-parser/v2"
)

// applyAll applies the operations of a PATCH on a user. It knows what the
// benchmarks send: whole attributes and sub-attributes, with and without path.
func applyAll(attributes scim.ResourceAttributes, operations []scim.PatchOperation) error {
	for _, op := range operations {
		if op.Path == nil {
			values, ok := op.Value.(map[string]any)
			if !ok {
				return scimerrors.ScimErrorInvalidSyntax
			}
			for name, value := range values {
				attributes[name] = value
			}
			continue
		}
		if err := applyAt(attributes, op); err != nil {
			return err
		}
	}
	return nil
}

func applyAt(attributes map[string]any, op scim.PatchOperation) error {
	at := op.Path.AttributePath
	if op.Path.ValueExpression != nil {
		return scimerrors.ScimErrorInvalidPath
	}
	in := attributes
	if urn := strings.TrimSuffix(at.URI(), ":"); urn != "" && urn != "urn:ietf:params:scim:schemas:core:2.0:User" {
		in = inner(attributes, urn)
	}
	name := at.AttributeName
	if sub := at.SubAttributeName(); sub != "" {
		in, name = inner(in, name), sub
	}
	if op.Op == scim.PatchOperationRemove {
		delete(in, name)
		return nil
	}
	in[name] = op.Value
	return nil
}

// inner returns the object at name, which it makes where there is none.
func inner(o map[string]any, name string) map[string]any {
	found, ok := o[name].(map[string]any)
	if !ok {
		found = map[string]any{}
		o[name] = found
	}
	return found
}

// memberChange is what a PATCH on a group does to its members.
type memberChange struct{ add, remove []string }

// membersOf reads operations on members, which are all that the benchmarks
// send to groups.
func membersOf(operations []scim.PatchOperation) (memberChange, error) {
	var out memberChange
	for _, op := range operations {
		if op.Path == nil || op.Path.AttributePath.AttributeName != "members" {
			return out, scimerrors.ScimErrorInvalidPath
		}
		ids := memberIDs(op.Value)
		if e, ok := op.Path.ValueExpression.(*filter.AttributeExpression); ok {
			if id, isText := e.CompareValue.(string); isText {
				ids = append(ids, id)
			}
		}
		if op.Op == scim.PatchOperationRemove {
			out.remove = append(out.remove, ids...)
		} else {
			out.add = append(out.add, ids...)
		}
	}
	return out, nil
}

func memberIDs(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, element := range list {
		if o, ok := element.(map[string]any); ok {
			if id, ok := o["value"].(string); ok {
				out = append(out, id)
			}
		}
	}
	return out
}

// emailsOf returns the addresses of a user, folded.
func emailsOf(attributes scim.ResourceAttributes) []string {
	list, _ := attributes["emails"].([]any)
	var out []string
	for _, element := range list {
		if o, ok := element.(map[string]any); ok {
			if value, ok := o["value"].(string); ok {
				out = append(out, strings.ToLower(value))
			}
		}
	}
	return out
}

func text(attributes map[string]any, name string) string {
	s, _ := attributes[name].(string)
	return s
}

// comparison is the one kind of filter that the reference servers answer: attr eq "value".
type comparison struct{ attribute, value string }

// readFilter returns the comparison in a list request; ok is false where there
// is no filter. Every other filter is refused.
func readFilter(params scim.ListRequestParams) (c comparison, ok bool, _ error) {
	if params.FilterValidator == nil {
		return comparison{}, false, nil
	}
	e, isAttribute := params.FilterValidator.GetFilter().(*filter.AttributeExpression)
	if !isAttribute || e.Operator != filter.EQ {
		return comparison{}, false, scimerrors.ScimErrorInvalidFilter
	}
	value, isText := e.CompareValue.(string)
	if !isText {
		return comparison{}, false, scimerrors.ScimErrorInvalidFilter
	}
	return comparison{attribute: e.AttributePath.String(), value: value}, true, nil
}
