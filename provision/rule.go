package provision

import (
	"slices"
)

// Rule says what a group or an attribute grants on a desk. Exactly one of
// Group and Attribute is set.
type Rule struct {
	ID         RuleID
	Connection ConnectionID
	Desk       DeskID

	Group   string  // displayName of the group
	GroupID GroupID // the group that the name was bound to; a rename in the IdP does not take access away

	Attribute string // attribute name, see [Identity.Values]
	Equals    string // the value that grants, in any letter case and Unicode form; "" grants on any value

	Role      Role
	Teams     []string // sorted, desk's names
	Mailboxes []string // sorted, desk's names
}

// Matches reports whether r applies to a group.
func (r Rule) matchesGroup(m Membership) bool {
	if r.Group == "" {
		return false
	}
	if r.GroupID != "" && !m.Claimed {
		return r.GroupID == m.Group
	}
	return SameWord(r.Group, m.Name)
}

func (r Rule) matchesAttribute(id *Identity) bool {
	if r.Attribute == "" {
		return false
	}
	if r.passesDesk() {
		return !id.Requested.Empty()
	}
	values := id.Values(r.Attribute)
	if r.Equals == "" {
		return len(values) > 0
	}
	same := sameValue
	if Fold(r.Attribute) == AttributeGroups { // names of groups, which somebody may have made to look like others
		same = SameWord
	}
	return slices.ContainsFunc(values, func(v string) bool { return same(v, r.Equals) })
}

// passesDesk reports whether r hands on what the IdP asks for in the desk
// extension: the role up to r.Role, and of the teams and mailboxes those that
// r names, or all where it names none.
func (r Rule) passesDesk() bool { return Fold(r.Attribute) == AttributeDesk }

// Validate returns an Invalid error when r cannot be a rule.
func (r Rule) Validate() error {
	switch {
	case r.Connection == "":
		return Errorf(Invalid, "connection", "a rule needs a connection")
	case r.Desk == "":
		return Errorf(Invalid, "desk", "a rule needs a desk")
	case (r.Group == "") == (r.Attribute == ""):
		return Errorf(Invalid, "group", "a rule names either a group or an attribute")
	case r.Equals != "" && (r.Attribute == "" || r.passesDesk()):
		return Errorf(Invalid, "equals", "equals goes with an attribute other than desk")
	case r.Role == RoleOwner:
		return Errorf(Invalid, "role", "owner cannot be granted; use none, limited, agent or admin")
	case r.Role == RoleAdmin && Fold(r.Attribute) == AttributeJIT:
		return Errorf(Invalid, "role", "this would make everybody who signs in an administrator; name a group, or an attribute of theirs")
	case r.Role.Rank() == 0 && r.passesDesk():
		return Errorf(Invalid, "role", "a rule on the desk extension needs a role as upper bound: limited, agent or admin")
	case r.Role.Rank() == 0 && len(r.Teams) == 0 && len(r.Mailboxes) == 0:
		return Errorf(Invalid, "role", "the rule grants nothing: give a role, teams or mailboxes")
	}
	return nil
}

// SameText reports whether r and other say the same, whatever their ids and
// bindings.
func (r Rule) SameText(other Rule) bool {
	return r.Connection == other.Connection && r.Desk == other.Desk &&
		r.Group == other.Group && r.Attribute == other.Attribute && r.Equals == other.Equals &&
		r.Role.Rank() == other.Role.Rank() && slices.Equal(r.Teams, other.Teams) && slices.Equal(r.Mailboxes, other.Mailboxes)
}

// String returns the rule as one line for people: "group Support" or
// "attribute roles = desk-admin".
func (r Rule) String() string {
	switch {
	case r.Group != "":
		return "group " + r.Group
	case r.Equals != "":
		return "attribute " + r.Attribute + " = " + r.Equals
	}
	return "attribute " + r.Attribute
}
