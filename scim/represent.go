package scim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// timeForm is RFC 3339 with the microseconds that the core keeps.
const timeForm = "2006-01-02T15:04:05.000000Z07:00"

// representation makes resources as one connection sees them.
type representation struct {
	base string // URL of the connection's endpoint, without a slash at the end
}

func (r representation) location(t *resourceType, id string) string {
	return r.base + t.endpoint + "/" + id
}

func (r representation) meta(t *resourceType, id string, version int64, created, updated time.Time) object {
	return object{
		"resourceType": t.name,
		"created":      created.UTC().Format(timeForm),
		"lastModified": updated.UTC().Format(timeForm),
		"location":     r.location(t, id),
		"version":      etag(version),
	}
}

// user returns the representation of a person in groups.
func (r representation) user(id provision.Identity, groups []provision.Membership) (object, error) {
	out, err := userDocument(id)
	if err != nil {
		return nil, err
	}
	out["schemas"] = schemasOf(userType, out)
	out["id"] = string(id.ID)
	out["meta"] = r.meta(userType, string(id.ID), id.Version, id.CreatedAt, id.UpdatedAt)
	if list := r.groupsOf(groups); list != nil {
		out["groups"] = list
	}
	return out, nil
}

// groupsOf lists the groups that a person is in. A group reached on several
// ways is listed once, as direct when one of them is.
func (r representation) groupsOf(memberships []provision.Membership) []any {
	var out []any
	at := map[provision.GroupID]object{}
	for _, m := range memberships {
		entry, seen := at[m.Group]
		if !seen {
			entry = object{
				"value":   string(m.Group),
				"$ref":    r.location(groupType, string(m.Group)),
				"display": m.Name,
				"type":    "indirect",
			}
			at[m.Group] = entry
			out = append(out, entry)
		}
		if m.Direct() {
			entry["type"] = "direct"
		}
	}
	return out
}

// group returns the representation of a group with members.
func (r representation) group(g provision.Group, members []provision.Member) (object, error) {
	out, err := groupDocument(g)
	if err != nil {
		return nil, err
	}
	out["schemas"] = schemasOf(groupType, out)
	out["id"] = string(g.ID)
	out["meta"] = r.meta(groupType, string(g.ID), g.Version, g.CreatedAt, g.UpdatedAt)
	if len(members) > 0 {
		out["members"] = memberList{as: r, members: members}
	}
	return out, nil
}

// member returns one member, for the filters of a PATCH.
func (r representation) member(m provision.Member) object {
	sent := memberList{as: r}.json(m)
	out := object{"value": sent.Value, "$ref": sent.Ref, "type": sent.Type}
	setText(out, "display", sent.Display)
	return out
}

// userDocument returns what the identity provider may change of a person:
// their document, with what the core knows better put over it.
func userDocument(id provision.Identity) (object, error) {
	doc := documentOf(id)
	if len(id.Document) > 0 {
		var err error
		if doc, err = decodeDocument(id.Document); err != nil {
			return nil, err
		}
	}
	doc["userName"] = id.UserName
	doc["active"] = id.Active()
	setText(doc, "externalId", id.ExternalID)
	return doc, nil
}

// groupDocument is [userDocument] for a group.
func groupDocument(g provision.Group) (object, error) {
	doc := object{}
	if len(g.Document) > 0 {
		var err error
		if doc, err = decodeDocument(g.Document); err != nil {
			return nil, err
		}
	}
	doc["displayName"] = g.DisplayName
	setText(doc, "externalId", g.ExternalID)
	return doc, nil
}

// documentOf builds the document of a person whom no identity provider has
// described over SCIM yet: somebody who signed in first.
func documentOf(id provision.Identity) object {
	doc, name := object{}, object{}
	setText(name, "givenName", id.Profile.GivenName)
	setText(name, "familyName", id.Profile.FamilyName)
	if len(name) > 0 {
		doc["name"] = name
	}
	setText(doc, "displayName", id.Profile.DisplayName)
	setText(doc, "title", id.Profile.Title)
	setText(doc, "timezone", id.Profile.Timezone)
	setText(doc, "locale", id.Profile.Locale)
	if id.Profile.Phone != "" {
		doc["phoneNumbers"] = []any{object{"value": id.Profile.Phone, "type": "work"}}
	}
	if len(id.Emails) > 0 {
		doc["emails"] = emailElements(id.Emails)
	}
	return doc
}

func emailElements(emails []provision.Email) []any {
	out := make([]any, len(emails))
	for i, e := range emails {
		element := object{"value": e.Value}
		setText(element, "type", e.Type)
		if e.Primary {
			element["primary"] = true
		}
		out[i] = element
	}
	return out
}

// setText sets or, with "", removes a string.
func setText(o object, name, value string) {
	if value == "" {
		delete(o, name)
		return
	}
	o[name] = value
}

// schemasOf lists the schemas that doc has values of: the core one, then the
// extensions, known and unknown.
func schemasOf(t *resourceType, doc object) []any {
	out := []any{t.core.ID}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if _, ok := doc[name].(object); ok && strings.HasPrefix(strings.ToLower(name), "urn:") {
			out = append(out, name)
		}
	}
	return out
}

// etag returns the entity tag of a version. It is weak: a resource may be
// written in several equal ways (RFC 7644 §3.14).
func etag(version int64) string {
	return `W/"` + strconv.FormatInt(version, 10) + `"`
}
