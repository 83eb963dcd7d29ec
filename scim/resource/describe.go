package resource

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/mail"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Describe sets everything of id that its document says. The document is what
// [Type.Read] or a PATCH made, with active, userName and externalId in it.
// An absent active leaves the status as it is: no request revives or suspends
// anybody without saying so.
func Describe(id *provision.Identity, doc Object) error {
	userName, _ := doc["userName"].(string)
	if IsBlank(userName) {
		return scimerr.InvalidValue("userName", "is required and cannot be blank")
	}
	if err := checkKeys(doc, "userName", "externalId"); err != nil {
		return err
	}
	id.UserName = userName
	id.ExternalID = Text(doc, "externalId")
	if active, ok := doc["active"].(bool); ok {
		id.Status = provision.StatusSuspended
		if active {
			id.Status = provision.StatusActive
		}
	}
	id.Emails = emailsOf(doc)
	id.Profile = profileOf(doc, userName, id.Emails)
	id.Source = provision.SourceSCIM
	id.Attributes, id.Requested = attributesOf(doc), requestedOf(doc)
	for _, e := range id.Emails {
		if len(e.Value) > MaxKey {
			return scimerr.InvalidValue("emails.value", "is longer than %d bytes", MaxKey)
		}
	}
	raw, err := EncodeDocument(User, doc)
	id.Document = kept(id.Document, raw)
	return err
}

// MaxKey is how long a value may be that resources are found by, in bytes: an
// index entry of PostgreSQL takes no more than 2,704.
const MaxKey = 1024

func checkKeys(doc Object, names ...string) error {
	for _, name := range names {
		if len(Text(doc, name)) > MaxKey {
			return scimerr.InvalidValue(name, "is longer than %d bytes", MaxKey)
		}
	}
	return nil
}

// kept returns the document to keep: the old one, byte for byte, when fresh
// says the same. A database may have written it in another way.
func kept(old, fresh json.RawMessage) json.RawMessage {
	if bytes.Equal(old, fresh) {
		return old
	}
	if doc, err := decodeDocument(old); err == nil {
		if same, err := Encode(doc); err == nil && bytes.Equal(same, fresh) {
			return old
		}
	}
	return fresh
}

// DescribeGroup sets everything of g that its document says.
func DescribeGroup(g *provision.Group, doc Object) error {
	g.DisplayName = Text(doc, "displayName")
	if IsBlank(g.DisplayName) {
		return scimerr.InvalidValue("displayName", "is required and cannot be blank")
	}
	if err := checkKeys(doc, "displayName", "externalId"); err != nil {
		return err
	}
	g.ExternalID = Text(doc, "externalId")
	raw, err := EncodeDocument(Group, doc)
	g.Document = kept(g.Document, raw)
	return err
}

// MaxDocument is how large a document may become, in bytes. The limit of a
// request's body bounds one change; this bounds them all together.
const MaxDocument = 1 << 20

// EncodeDocument returns the form of a document that the core keeps: all of it
// but what the core knows better.
func EncodeDocument(t *Type, doc Object) (json.RawMessage, error) {
	out := Object{"schemas": schemasOf(t, doc)}
	for name, value := range doc {
		switch name {
		case "schemas", "id", "meta", "groups", "members", "password":
		default:
			out[name] = value
		}
	}
	raw, err := Encode(out)
	if len(raw) > MaxDocument {
		return nil, scimerr.TooLarge("The resource would be larger than %d bytes.", MaxDocument)
	}
	return raw, err
}

func emailsOf(doc Object) []provision.Email {
	var out []provision.Email
	for _, o := range elements(doc, "emails") {
		if value := Text(o, "value"); value != "" {
			out = append(out, provision.Email{Value: value, Type: Text(o, "type"), Primary: IsPrimary(o)})
		}
	}
	return out
}

func profileOf(doc Object, userName string, emails []provision.Email) provision.Profile {
	given, family := nameOf(doc)
	return provision.Profile{
		DisplayName: Text(doc, "displayName"),
		GivenName:   given,
		FamilyName:  family,
		Email:       bestEmail(emails, userName),
		Title:       Text(doc, "title"),
		Phone:       bestValue(elements(doc, "phoneNumbers")),
		Timezone:    Text(doc, "timezone"),
		Locale:      firstText(Text(doc, "locale"), Text(doc, "preferredLanguage")),
	}
}

// nameOf returns the given and the family name. Where there is a full name
// only, its last word is taken for the family name: desks want both.
func nameOf(doc Object) (given, family string) {
	name, _ := doc["name"].(Object)
	given, family = Text(name, "givenName"), Text(name, "familyName")
	if given == "" && family == "" {
		words := strings.Fields(Text(name, "formatted"))
		if n := len(words); n > 1 {
			return strings.Join(words[:n-1], " "), words[n-1]
		}
		return strings.Join(words, ""), ""
	}
	return given, family
}

// bestEmail returns the address that desks know a person by: the primary one,
// else the first for work, else the first, else a userName that is an address,
// so that an update without e-mails does not blank it (JumpCloud sends one).
func bestEmail(emails []provision.Email, userName string) string {
	var list []Object
	for _, e := range emails {
		list = append(list, Object{"value": e.Value, "type": e.Type, "primary": e.Primary})
	}
	if best := bestValue(list); best != "" {
		return best
	}
	if a, err := mail.ParseAddress(userName); err == nil && a.Address == userName {
		return userName
	}
	return ""
}

// bestValue returns the value of the primary element, else of the first for
// work, else of the first.
func bestValue(list []Object) string {
	var best string
	weight := 0
	for _, o := range list {
		value := Text(o, "value")
		if value == "" {
			continue
		}
		switch {
		case IsPrimary(o):
			return value
		case weight < 2 && strings.EqualFold(Text(o, "type"), "work"):
			best, weight = value, 2
		case weight < 1:
			best, weight = value, 1
		}
	}
	return best
}

// attributesOf returns the values that rules match on. Core attributes go by
// their folded name, those of the enterprise extension too; those of an
// unknown extension carry its folded URN.
func attributesOf(doc Object) provision.Attributes {
	out := provision.Attributes{}
	add := func(name string, value any) {
		name = provision.Fold(name)
		if values := plainValues(name, value); len(values) > 0 && out[name] == nil {
			out[name] = values
		}
	}
	enterprise, _ := doc[EnterpriseURN].(Object)
	for _, name := range slices.Sorted(maps.Keys(enterprise)) {
		add(name, enterprise[name])
	}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		value := doc[name]
		extension, ok := value.(Object)
		switch {
		case name == EnterpriseURN, name == DeskURN, name == "schemas", name == "active":
		case ok && IsURN(name):
			for _, inner := range slices.Sorted(maps.Keys(extension)) {
				add(name+":"+inner, extension[inner])
			}
		case !strings.Contains(name, "."): // dots are ours
			add(name, value)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// requestedOf returns what the desk extension asks for.
func requestedOf(doc Object) provision.Requested {
	desk, _ := doc[DeskURN].(Object)
	return provision.Requested{Roles: plainValues("", desk["role"]), Teams: plainValues("", desk["teams"]), Mailboxes: plainValues("", desk["mailboxes"])}
}

// plainValues returns the values of an attribute as strings: itself when it is
// simple, its "value" or those of its elements when it is complex.
func plainValues(name string, value any) []string {
	switch value := value.(type) {
	case string:
		if name == "roles" {
			value = roleValue(value)
		}
		return []string{value}
	case bool:
		if value {
			return []string{"true"}
		}
		return []string{"false"}
	case json.Number:
		return []string{value.String()}
	case Object:
		if inner, ok := value["value"]; ok {
			return plainValues(name, inner)
		}
	case []any:
		var out []string
		for _, element := range value {
			out = append(out, plainValues(name, element)...)
		}
		return out
	}
	return nil
}
