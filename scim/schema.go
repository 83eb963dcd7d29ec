package scim

import (
	"slices"
	"strings"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
)

// URNs of the schemas and messages that the service provider speaks.
const (
	userURN       = schema.UserSchema
	groupURN      = schema.GroupSchema
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	deskURN       = "urn:deskbridge:params:scim:schemas:extension:desk:2.0:User"

	listURN  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// resourceType is a kind of resource with everything that may be in it.
type resourceType struct {
	name        string // as in meta.resourceType
	endpoint    string // relative to the base URL
	description string
	core        schema.Schema
	extensions  []schema.Schema
}

var userType = &resourceType{
	name:        "User",
	endpoint:    "/Users",
	description: "A person, as the identity provider describes them",
	core:        coreUser(),
	extensions:  []schema.Schema{schema.ExtensionEnterpriseUser(), deskExtension()},
}

var groupType = &resourceType{
	name:        "Group",
	endpoint:    "/Groups",
	description: "A group of people and of groups",
	core:        coreGroup(),
}

// find returns the attribute that is called name, in any letter case, in the
// schema urn; "" means the core schema and, because identity providers leave
// the prefix out, the enterprise extension (RFC 7644 §3.10).
func (t *resourceType) find(urn, name string) (filter.Attribute, bool) {
	if urn == "" || strings.EqualFold(urn, t.core.ID) {
		if def, ok := t.core.Attributes.ContainsAttribute(name); ok {
			return filter.Attribute{Def: def}, true
		}
		if def, ok := hidden.ContainsAttribute(name); ok {
			return filter.Attribute{Def: def}, true
		}
	}
	for _, ext := range t.extensions {
		if strings.EqualFold(urn, ext.ID) || urn == "" && ext.ID == enterpriseURN {
			if def, ok := ext.Attributes.ContainsAttribute(name); ok {
				return filter.Attribute{URN: ext.ID, Def: def}, true
			}
		}
	}
	return filter.Attribute{}, false
}

// parseQuery translates a filter of RFC 7644 §3.4.2.2 to a condition of the
// core. In a query for several types an attribute that only others of them have
// counts as absent (RFC 7644 §3.4.2.1).
func (t *resourceType) parseQuery(text string, limits Limits, types ...*resourceType) (provision.Expr, error) {
	return filter.Parse(text, limits.filter(), filter.Scope{Find: t.find, Stored: t.stored, Kind: t.name, Foreign: func(urn, name string) bool {
		return slices.ContainsFunc(types, func(other *resourceType) bool {
			_, ok := other.find(urn, name)
			return ok
		})
	}})
}

// stored reports whether the store can answer a comparison. What is made for
// each answer and kept nowhere it cannot: references, meta.version, and how a
// user came into a group.
func (t *resourceType) stored(at filter.Attribute, sub string) bool {
	if at.URN != "" {
		return true
	}
	switch at.Def.Name() {
	case "groups":
		return sub == "" || strings.EqualFold(sub, "value") || strings.EqualFold(sub, "display")
	case "members":
		return !strings.EqualFold(sub, "$ref")
	case "meta":
		return strings.EqualFold(sub, "created") || strings.EqualFold(sub, "lastModified")
	}
	return true
}

// extension returns the URN of the extension that urn names in any letter
// case, and "" when it names none that is known.
func (t *resourceType) extension(urn string) string {
	for _, ext := range t.extensions {
		if strings.EqualFold(urn, ext.ID) {
			return ext.ID
		}
	}
	return ""
}

// schemas returns every schema that the service provider publishes.
func schemas() []schema.Schema {
	out := []schema.Schema{userType.core, groupType.core}
	return append(out, userType.extensions...)
}

// hidden are the common attributes that no schema lists (RFC 7643 §3.1).
var hidden = slices.DeleteFunc(schema.Attributes(schema.CommonAttributes()), func(def schema.CoreAttribute) bool {
	return def.Name() != "schemas" && def.Name() != schema.CommonAttributeMeta
})

// common are the common attributes that identity providers map to and
// therefore look for in the schema (RFC 7643 §3.1).
func common() schema.Attributes {
	return schema.Attributes{
		schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name:        schema.CommonAttributeID,
			Description: optional.NewString("The identifier that Deskbridge gave the resource. It never changes and is never given to another."),
			CaseExact:   true,
			Mutability:  schema.AttributeMutabilityReadOnly(),
			Returned:    schema.AttributeReturnedAlways(),
			Uniqueness:  schema.AttributeUniquenessServer(),
		})),
		schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name:        schema.CommonAttributeExternalID,
			Description: optional.NewString("The identifier that the identity provider gave the resource. Unique per connection."),
			CaseExact:   true,
			Uniqueness:  schema.AttributeUniquenessServer(),
		})),
	}
}

func coreUser() schema.Schema {
	s := schema.CoreUserSchema()
	s.Attributes = append(common(), s.Attributes...)
	return s
}

// coreGroup is the Group schema with what this service provider adds to it:
// displayName is unique, because identity providers find groups by it.
func coreGroup() schema.Schema {
	s := schema.CoreGroupSchema()
	attributes := slices.Clone(s.Attributes)
	for i, def := range attributes {
		if def.Name() == "displayName" {
			attributes[i] = schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
				Name:        def.Name(),
				Description: optional.NewString(def.Description()),
				Required:    true,
				Uniqueness:  schema.AttributeUniquenessServer(),
			}))
		}
	}
	s.Attributes = append(common(), attributes...)
	return s
}

// deskExtension lets an identity provider ask for access directly. A rule on
// the attribute "desk" says how much of it is granted.
func deskExtension() schema.Schema {
	names := func(name, description string) schema.CoreAttribute {
		return schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name: name, Description: optional.NewString(description), MultiValued: true,
		}))
	}
	return schema.Schema{
		ID:          deskURN,
		Name:        optional.NewString("Desk User"),
		Description: optional.NewString("What the identity provider asks for on a help desk"),
		Attributes: schema.Attributes{
			schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
				Name:            "role",
				Description:     optional.NewString("The role asked for: none, limited, agent or admin."),
				CanonicalValues: []string{"none", "limited", "agent", "admin"},
			})),
			names("teams", "Names of the teams asked for."),
			names("mailboxes", "Names of the mailboxes asked for."),
		},
	}
}

// subAttribute returns the sub-attribute of a complex attribute that is called
// name, in any letter case.
func subAttribute(def schema.CoreAttribute, name string) (schema.CoreAttribute, bool) {
	return def.SubAttributes().ContainsAttribute(name)
}

func isComplex(def schema.CoreAttribute) bool { return def.AttributeType() == "complex" }

func isReadOnly(def schema.CoreAttribute) bool { return def.Mutability() == "readOnly" }
