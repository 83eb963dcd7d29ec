package resource

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// timeForm is RFC 3339 with the microseconds that the core keeps.
const timeForm = "2006-01-02T15:04:05.000000Z07:00"

// Representation makes resources as one connection sees them.
type Representation struct {
	Base string // URL of the connection's endpoint, without a slash at the end
}

// Location returns the address of a resource.
func (r Representation) Location(t *Type, id string) string {
	return r.Base + t.Endpoint + "/" + id
}

func (r Representation) meta(t *Type, id string, version int64, created, updated time.Time) Object {
	return Object{
		"resourceType": t.Name,
		"created":      created.UTC().Format(timeForm),
		"lastModified": updated.UTC().Format(timeForm),
		"location":     r.Location(t, id),
		"version":      ETag(version),
	}
}

// User returns what is selected of a person in groups: from their document as it
// is stored or, of those whom no identity provider has described, as the core
// would have it. What is returned becomes JSON by [EncodeBody] or [SendBody].
func (r Representation) User(id provision.Identity, groups []provision.Membership, s Selection) (any, error) {
	if len(id.Document) == 0 {
		var err error
		if id.Document, err = Encode(documentOf(id)); err != nil {
			return nil, err
		}
	}
	return storedUser{as: r, id: id, groups: groups, Selection: s}, nil
}

// Group returns what is selected of a group with members, as [Representation.User]
// does.
func (r Representation) Group(g provision.Group, members []provision.Member, s Selection) (any, error) {
	out, err := r.group(g, members)
	if err != nil {
		return nil, err
	}
	return s.Apply(out), nil
}

// group returns the representation of a group with members.
func (r Representation) group(g provision.Group, members []provision.Member) (Object, error) {
	out, err := GroupDocument(g)
	if err != nil {
		return nil, err
	}
	out["schemas"] = schemasOf(Group, out)
	out["id"] = string(g.ID)
	out["meta"] = r.meta(Group, string(g.ID), g.Version, g.CreatedAt, g.UpdatedAt)
	if len(members) > 0 {
		out["members"] = memberList{as: r, members: members}
	}
	return out, nil
}

// UserDocument returns what the identity provider may change of a person:
// their document, with what the core knows better put over it.
func UserDocument(id provision.Identity) (Object, error) {
	doc := documentOf(id)
	if len(id.Document) > 0 {
		var err error
		if doc, err = decodeDocument(id.Document); err != nil {
			return nil, err
		}
	}
	doc["userName"] = id.UserName
	doc["active"] = id.Active()
	SetText(doc, "externalId", id.ExternalID)
	return doc, nil
}

// GroupDocument is [UserDocument] for a group.
func GroupDocument(g provision.Group) (Object, error) {
	doc := Object{}
	if len(g.Document) > 0 {
		var err error
		if doc, err = decodeDocument(g.Document); err != nil {
			return nil, err
		}
	}
	doc["displayName"] = g.DisplayName
	SetText(doc, "externalId", g.ExternalID)
	return doc, nil
}

// documentOf builds the document of a person whom no identity provider has
// described over SCIM yet: somebody who signed in first.
func documentOf(id provision.Identity) Object {
	doc, name := Object{}, Object{}
	SetText(name, "givenName", id.Profile.GivenName)
	SetText(name, "familyName", id.Profile.FamilyName)
	if len(name) > 0 {
		doc["name"] = name
	}
	SetText(doc, "displayName", id.Profile.DisplayName)
	SetText(doc, "title", id.Profile.Title)
	SetText(doc, "timezone", id.Profile.Timezone)
	SetText(doc, "locale", id.Profile.Locale)
	if id.Profile.Phone != "" {
		doc["phoneNumbers"] = []any{Object{"value": id.Profile.Phone, "type": "work"}}
	}
	if len(id.Emails) > 0 {
		doc["emails"] = emailElements(id.Emails)
	}
	return doc
}

func emailElements(emails []provision.Email) []any {
	out := make([]any, len(emails))
	for i, e := range emails {
		element := Object{"value": e.Value}
		SetText(element, "type", e.Type)
		if e.Primary {
			element["primary"] = true
		}
		out[i] = element
	}
	return out
}

// schemasOf lists the schemas that doc has values of: the core one, then the
// extensions, known and unknown.
func schemasOf(t *Type, doc Object) []any {
	out := []any{t.Core.ID}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if _, ok := doc[name].(Object); isExtension(name, ok) {
			out = append(out, name)
		}
	}
	return out
}

// ETag returns the entity tag of a version. It is weak: a resource may be
// written in several equal ways (RFC 7644 §3.14).
func ETag(version int64) string {
	return `W/"` + strconv.FormatInt(version, 10) + `"`
}
