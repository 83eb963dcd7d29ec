package site

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
)

// Visitor is somebody at a desk's door, and what they may do behind it.
type Visitor struct {
	Person     provision.Identity
	Connection provision.Connection
	Desk       provision.Desk
	Entry      desksession.Entry
}

// Values returns what a desk is told of a field; nil when there is nothing.
func (v Visitor) Values(f provision.Field) []string {
	p := v.Person.Profile
	switch f {
	case provision.FieldID:
		return one(string(v.Person.ID))
	case provision.FieldEmail:
		return one(p.Email)
	case provision.FieldUserName:
		return one(v.Person.UserName)
	case provision.FieldName:
		return one(v.name())
	case provision.FieldGivenName:
		return one(p.GivenName)
	case provision.FieldFamilyName:
		return one(p.FamilyName)
	case provision.FieldTitle:
		return one(p.Title)
	case provision.FieldPhone:
		return one(p.Phone)
	case provision.FieldLocale:
		return one(p.Locale)
	case provision.FieldTimezone:
		return one(p.Timezone)
	case provision.FieldRole:
		return one(v.role())
	case provision.FieldGroups:
		return v.Entry.Teams
	case provision.FieldMailboxes:
		return v.Entry.Mailboxes
	}
	return nil
}

// Value returns the only value of a field, or "".
func (v Visitor) Value(f provision.Field) string {
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
	if word := v.Desk.SignIn.Roles[role]; word != "" {
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
