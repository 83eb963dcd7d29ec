package deskidp

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// visitor is somebody at a desk's door, and what they may do behind it.
type visitor struct {
	person     provision.Identity
	connection provision.Connection
	desk       provision.Desk
	entry      provision.AppEntry
}

// values returns what a desk is told of a field; nil when there is nothing.
func (v visitor) values(f provision.Field) []string {
	p := v.person.Profile
	switch f {
	case provision.FieldID:
		return one(string(v.person.ID))
	case provision.FieldEmail:
		return one(p.Email)
	case provision.FieldUserName:
		return one(v.person.UserName)
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
		return v.entry.Teams
	case provision.FieldMailboxes:
		return v.entry.Mailboxes
	}
	return nil
}

// value returns the only value of a field, or "".
func (v visitor) value(f provision.Field) string {
	if values := v.values(f); len(values) > 0 {
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

func (v visitor) name() string {
	p := v.person.Profile
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return strings.TrimSpace(p.GivenName + " " + p.FamilyName)
}

// role returns the role in the desk's own words. "": nothing is said of it.
func (v visitor) role() string {
	role := v.entry.Role
	if role == "" || role == provision.RoleNone {
		return ""
	}
	if word := v.desk.SignIn.Roles[role]; word != "" {
		return word
	}
	return string(role)
}

// emailVerified reports whether the address is at a domain that the person's
// connection is known to own.
func (v visitor) emailVerified() bool {
	_, domain, found := strings.Cut(v.person.Profile.Email, "@")
	return found && slices.Contains(v.connection.Domains, provision.Fold(domain))
}
