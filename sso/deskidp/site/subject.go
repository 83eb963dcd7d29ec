package site

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

// Visitor is somebody at a desk's door, and what they may do behind it.
type Visitor struct {
	Person     provision.Identity
	Connection provision.Connection
	Desk       provision.Desk
	Entry      desksession.Entry
}

// Values returns what a desk is told of a field; nil when there is nothing.
func (v Visitor) Values(f protocol.Field) []string {
	p := v.Person.Profile
	switch f {
	case protocol.FieldID:
		return one(string(v.Person.ID))
	case protocol.FieldEmail:
		return one(p.Email)
	case protocol.FieldUserName:
		return one(v.Person.UserName)
	case protocol.FieldName:
		return one(v.name())
	case protocol.FieldGivenName:
		return one(p.GivenName)
	case protocol.FieldFamilyName:
		return one(p.FamilyName)
	case protocol.FieldTitle:
		return one(p.Title)
	case protocol.FieldPhone:
		return one(p.Phone)
	case protocol.FieldLocale:
		return one(p.Locale)
	case protocol.FieldTimezone:
		return one(p.Timezone)
	case protocol.FieldRole:
		return one(v.role())
	case protocol.FieldGroups:
		return v.Entry.Teams
	case protocol.FieldMailboxes:
		return v.Entry.Mailboxes
	}
	return nil
}

// Value returns the only value of a field, or "".
func (v Visitor) Value(f protocol.Field) string {
	if values := v.Values(f); len(values) > 0 {
		return values[0]
	}
	return ""
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func (v Visitor) name() string {
	p := v.Person.Profile
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return strings.TrimSpace(p.GivenName + " " + p.FamilyName)
}

// role returns the role in the desk's own words. "": nothing is said of it.
func (v Visitor) role() string {
	role := v.Entry.Role
	if role == "" || role == provision.RoleNone {
		return ""
	}
	if word := v.Desk.SignIn.Roles[string(role)]; word != "" {
		return word
	}
	return string(role)
}

// EmailVerified reports whether the address is at a domain that the person's
// connection is known to own.
func (v Visitor) EmailVerified() bool {
	_, domain, found := strings.Cut(v.Person.Profile.Email, "@")
	return found && slices.Contains(v.Connection.Domains, provision.Fold(domain))
}
