package site

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

// Subject is a person who signs in to a desk, and what they may do there.
type Subject struct {
	Person     provision.Identity
	Connection provision.Connection
	Desk       provision.Desk
	Entry      desksession.Entry
}

// Values returns the values of a field that a desk gets; nil when there are none.
// By address and userName it gets what it knows the person by; see
// [desksession.Entry].
func (s Subject) Values(f protocol.Field) []string {
	p := s.Person.Profile
	switch f {
	case protocol.FieldID:
		return one(string(s.Person.ID))
	case protocol.FieldEmail:
		return one(s.Entry.Names.Email)
	case protocol.FieldUserName:
		return one(s.Entry.Names.UserName)
	case protocol.FieldName:
		return one(s.name())
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
		return one(s.role())
	case protocol.FieldGroups:
		return s.Entry.Teams
	case protocol.FieldMailboxes:
		return s.Entry.Mailboxes
	}
	return nil
}

// Value returns the only value of a field, or "".
func (s Subject) Value(f protocol.Field) string {
	if values := s.Values(f); len(values) > 0 {
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

func (s Subject) name() string {
	p := s.Person.Profile
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return strings.TrimSpace(p.GivenName + " " + p.FamilyName)
}

// role returns the role in the desk's own words. "": nothing is said of it.
func (s Subject) role() string {
	role := s.Entry.Role
	if role == "" || role == provision.RoleNone {
		return ""
	}
	if word := s.Desk.SignIn.Roles[string(role)]; word != "" {
		return word
	}
	return string(role)
}

// EmailVerified reports whether the desk has confirmed the address, and it is at a
// domain that the person's connection is known to own.
func (s Subject) EmailVerified() bool {
	domain := provision.DomainOf(s.Entry.Names.Email)
	return s.Entry.Confirmed && domain != "" && slices.Contains(s.Connection.Domains, domain)
}
