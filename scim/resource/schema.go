package resource

import (
	"slices"
	"strings"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
)

// URNs of the schemas that the service provider speaks.
const (
	UserURN       = schema.UserSchema
	GroupURN      = schema.GroupSchema
	EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	DeskURN       = "urn:deskbridge:params:scim:schemas:extension:desk:2.0:User"
)

// Type is a kind of resource with everything that may be in it.
type Type struct {
	Name        string // as in meta.resourceType
	Endpoint    string // relative to the base URL
	Description string
	Core        schema.Schema
	Extensions  []schema.Schema
}

// User is the type of people (RFC 7643 §4.1).
var User = &Type{
	Name:        "User",
	Endpoint:    "/Users",
	Description: "A person, as the identity provider describes them",
	Core:        coreUser(),
	Extensions:  []schema.Schema{schema.ExtensionEnterpriseUser(), deskExtension()},
}

// Group is the type of groups (RFC 7643 §4.2).
var Group = &Type{
	Name:        "Group",
	Endpoint:    "/Groups",
	Description: "A group of people and of groups",
	Core:        coreGroup(),
}

// Find returns the attribute that is called name, in any letter case, in the
// schema urn; "" means the core schema and, because identity providers leave
// the prefix out, the enterprise extension (RFC 7644 §3.10).
func (t *Type) Find(urn, name string) (filter.Attribute, bool) {
	if urn == "" || strings.EqualFold(urn, t.Core.ID) {
		if def, ok := t.Core.Attributes.ContainsAttribute(name); ok {
			return filter.Attribute{Def: def}, true
		}
		if def, ok := hidden.ContainsAttribute(name); ok {
			return filter.Attribute{Def: def}, true
		}
	}
	for _, ext := range t.Extensions {
		if strings.EqualFold(urn, ext.ID) || urn == "" && ext.ID == EnterpriseURN {
			if def, ok := ext.Attributes.ContainsAttribute(name); ok {
				return filter.Attribute{URN: ext.ID, Def: def}, true
			}
		}
	}
	return filter.Attribute{}, false
}

// ParseFilter translates a filter of RFC 7644 §3.4.2.2 to a condition of the
// core. In a query for several types an attribute that only others of them have
// counts as absent (RFC 7644 §3.4.2.1).
func (t *Type) ParseFilter(text string, limits filter.Limits, types ...*Type) (provision.Expr, error) {
	return filter.Parse(text, limits, filter.Scope{Find: t.Lookup, Stored: t.stored, Kind: t.Name, Foreign: func(urn, name string) bool {
		return slices.ContainsFunc(types, func(other *Type) bool {
			_, _, ok := other.Lookup(urn, name, "")
			return ok
		})
	}})
}

// stored reports whether the store can answer a comparison. What is made for
// each answer and kept nowhere it cannot: references, meta.version, and how a
// user came into a group.
func (t *Type) stored(at filter.Attribute, sub string) bool {
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

// Lookup returns the attribute that [urn ":"] name ["." sub] leads to, and what of
// sub is left to be looked for in it. All names are read by it, wherever they
// stand. A dot in place of the colon behind the URN of a schema is taken for one:
// connectors of ConnId write urn:…:User.department.
func (t *Type) Lookup(urn, name, sub string) (_ filter.Attribute, rest string, _ bool) {
	at, ok := t.Find(urn, name)
	if ok || urn == "" || sub == "" {
		return at, sub, ok
	}
	at, ok = t.Find(urn+":"+name, sub)
	return at, "", ok
}

// served are the URNs of all schemas, folded.
var served = []string{strings.ToLower(UserURN), strings.ToLower(GroupURN), strings.ToLower(EnterpriseURN), strings.ToLower(DeskURN)}

// Misnames reports whether urn passes for the URN of a schema and is none that the
// type has: that of the other type, one that is longer or cut short, or another
// of those that the standard defines. What is sent there means something else,
// and may not be kept as if it were an extension.
func (t *Type) Misnames(urn string) bool {
	if !IsURN(urn) || t.schemaURN(urn) != "" {
		return false
	}
	between := ":" + strings.ToLower(urn) + ":"
	for _, schema := range served {
		longer := strings.HasPrefix(between[1:], schema) && strings.IndexByte(":.", between[1+len(schema)]) >= 0
		if longer || strings.Contains(":"+schema+":", between) {
			return true
		}
	}
	return strings.Contains(between, ":schemas:core:2.0:") || strings.Contains(between, ":extension:enterprise:2.0:") ||
		strings.HasPrefix(between, ":urn:scim:schemas:core:1.0:") || strings.HasPrefix(between, ":urn:scim:schemas:extension:enterprise:1.0:")
}

// Extension returns the URN of the extension that urn names in any letter
// case, and "" when it names none that is known.
func (t *Type) Extension(urn string) string {
	for _, ext := range t.Extensions {
		if strings.EqualFold(urn, ext.ID) {
			return ext.ID
		}
	}
	return ""
}

// schemaURN returns the URN of the schema of the type that urn names in any letter
// case, and "" when it names none.
func (t *Type) schemaURN(urn string) string {
	if strings.EqualFold(urn, t.Core.ID) {
		return t.Core.ID
	}
	return t.Extension(urn)
}

// Schemas returns every schema that the service provider publishes.
func Schemas() []schema.Schema {
	out := []schema.Schema{User.Core, Group.Core}
	return append(out, User.Extensions...)
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
		ID:          DeskURN,
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

// SubAttribute returns the sub-attribute of a complex attribute that is called
// name, in any letter case.
func SubAttribute(def schema.CoreAttribute, name string) (schema.CoreAttribute, bool) {
	return def.SubAttributes().ContainsAttribute(name)
}

// IsComplex reports whether an attribute has sub-attributes.
func IsComplex(def schema.CoreAttribute) bool { return def.AttributeType() == "complex" }

// IsReadOnly reports whether clients cannot write an attribute.
func IsReadOnly(def schema.CoreAttribute) bool { return def.Mutability() == "readOnly" }
