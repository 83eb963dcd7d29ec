package provision

import (
	"slices"
	"time"
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
	DeskRoles []string // sorted, desk's names of roles of its own; Role is at least what they amount to

	Until *time.Time // from then on the rule grants nothing; nil: it grants for ever
}

// Sort sorts what r grants, as it is kept.
func (r *Rule) Sort() {
	r.Teams, r.Mailboxes, r.DeskRoles = Sorted(r.Teams), Sorted(r.Mailboxes), Sorted(r.DeskRoles)
}

// Ended reports whether the rule grants nothing any more at a moment.
func (r Rule) Ended(at time.Time) bool { return r.Until != nil && !at.Before(*r.Until) }

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

// Validate returns an Invalid error with every mistake when r cannot be a rule.
func (r Rule) Validate() error {
	var mistakes []error
	wrong := func(field, detail string) { mistakes = append(mistakes, Errorf(Invalid, field, "%s", detail)) }
	if r.Connection == "" {
		wrong("connection", "a rule needs a connection")
	}
	if r.Desk == "" {
		wrong("desk", "a rule needs a desk")
	}
	if (r.Group == "") == (r.Attribute == "") {
		wrong("group", "a rule names either a group or an attribute")
	}
	if r.Equals != "" && (r.Attribute == "" || r.passesDesk()) {
		wrong("equals", "equals goes with an attribute other than desk")
	}
	_, err := ParseRole(string(r.Role))
	switch {
	case err != nil:
		mistakes = append(mistakes, err)
	case r.Role == RoleAdmin && Fold(r.Attribute) == AttributeJIT:
		wrong("role", "this would make everybody who signs in an administrator; name a group, or an attribute of theirs")
	case r.Role.Rank() == 0 && r.passesDesk():
		wrong("role", "a rule on the desk extension needs a role as upper bound: limited, agent or admin")
	case r.Role.Rank() == 0 && len(r.DeskRoles) > 0:
		wrong("role", "desk_roles come with a role: give what they amount to on the desk, limited, agent or admin")
	case len(r.DeskRoles) > 0 && r.passesDesk():
		wrong("desk_roles", "a rule on the desk extension names no desk_roles: the identity provider cannot ask for them; make a rule of its own")
	case r.Role.Rank() == 0 && len(r.Teams) == 0 && len(r.Mailboxes) == 0:
		wrong("role", "the rule grants nothing: give a role, teams or mailboxes")
	}
	return AllOf(append(mistakes, r.checkVisible())...)
}

// checkVisible returns an Invalid error when a name in the rule hides something.
func (r Rule) checkVisible() error {
	errs := []error{CheckVisible("group", r.Group), CheckVisible("attribute", r.Attribute), CheckVisible("equals", r.Equals)}
	for _, name := range r.Teams {
		errs = append(errs, CheckVisible("teams", name))
	}
	for _, name := range r.Mailboxes {
		errs = append(errs, CheckVisible("mailboxes", name))
	}
	for _, name := range r.DeskRoles {
		errs = append(errs, CheckVisible("desk_roles", name))
	}
	return AllOf(errs...)
}

// SameText reports whether r and other say the same, whatever their ids and
// bindings.
func (r Rule) SameText(other Rule) bool {
	return r.SameCondition(other) && r.Role.Rank() == other.Role.Rank() && slices.Equal(r.Teams, other.Teams) && slices.Equal(r.Mailboxes, other.Mailboxes) && slices.Equal(r.DeskRoles, other.DeskRoles) &&
		FormatUntil(r.Until) == FormatUntil(other.Until)
}

// SameCondition reports whether r and other are about the same group or attribute
// of the same connection, on the same desk.
func (r Rule) SameCondition(other Rule) bool {
	return r.Connection == other.Connection && r.Desk == other.Desk &&
		r.Group == other.Group && r.Attribute == other.Attribute && r.Equals == other.Equals
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
