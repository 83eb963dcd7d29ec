package provision

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision/seating"
)

// AccessStatus says whether a person should have a usable account on a desk.
type AccessStatus string

// The states of access.
const (
	AccessAbsent    AccessStatus = "absent"    // nothing grants any: no account is made, an existing one ends
	AccessActive    AccessStatus = "active"    // the account works
	AccessSuspended AccessStatus = "suspended" // the person may not have access, whatever the rules say
)

// Access is what a person has on one desk, desired or confirmed.
type Access struct {
	Status    AccessStatus `json:"status"`
	Role      Role         `json:"role,omitempty"`
	Teams     []string     `json:"teams,omitempty"`      // sorted
	Mailboxes []string     `json:"mailboxes,omitempty"`  // sorted
	DeskRoles []string     `json:"desk_roles,omitempty"` // sorted
	Grants    []Grant      `json:"grants,omitempty"`     // why; in documented order: strongest role first, then by rule id, group id
	Away      *Absence     `json:"away,omitempty"`       // new conversations are kept from the person; nil: they are not
	// ByHand is what an admin has to do on the desk about an absence that began or
	// ended, of confirmed access; "": nothing.
	ByHand string `json:"by_hand,omitempty"`
}

// Absence is what [Away] means on one desk.
type Absence struct {
	Until    time.Time `json:"until"`
	HandOver bool      `json:"hand_over,omitempty"`
	Given    []Given   `json:"given,omitempty"` // of a confirmed one: what was handed over to agents, to be given back
}

// Given is a conversation that was handed over because of an absence.
type Given struct {
	Conversation string     `json:"conversation"`
	To           DeskUserID `json:"to"`
}

// same reports whether a and other, which may be nil, have a desk do the same.
func (a *Absence) same(other *Absence) bool {
	return (a == nil) == (other == nil) && (a == nil || a.HandOver == other.HandOver)
}

// Grant is what one rule contributes through one group or attribute.
type Grant struct {
	Rule      RuleID    `json:"rule"`
	Group     GroupID   `json:"group,omitempty"`
	GroupName string    `json:"group_name,omitempty"`
	Via       []GroupID `json:"via,omitempty"` // nested groups in between, the person's own first
	Attribute string    `json:"attribute,omitempty"`
	Role      Role      `json:"role,omitempty"`
	Teams     []string  `json:"teams,omitempty"`
	Mailboxes []string  `json:"mailboxes,omitempty"`
	DeskRoles []string  `json:"desk_roles,omitempty"`
}

// Source returns where the grant comes from in words: "group Support" or
// "attribute roles".
func (g Grant) Source() string {
	if g.GroupName != "" {
		return "group " + g.GroupName
	}
	return "attribute " + g.Attribute
}

// Same reports whether a and other are the same access for a desk, whatever
// the reasons.
func (a Access) Same(other Access) bool {
	return a.Status == other.Status && a.Role.Rank() == other.Role.Rank() &&
		slices.Equal(a.Teams, other.Teams) && slices.Equal(a.Mailboxes, other.Mailboxes) && slices.Equal(a.DeskRoles, other.DeskRoles) && a.Away.same(other.Away)
}

// LessThan reports whether had has something that a lacks: a higher role, a team, a
// mailbox, a role of the desk's own, or new conversations.
func (a Access) LessThan(had Access) bool {
	lacks := func(names, those []string) bool {
		return slices.ContainsFunc(those, func(name string) bool { return !ContainsFold(names, name) })
	}
	return a.Role.Rank() < had.Role.Rank() || lacks(a.Teams, had.Teams) || lacks(a.Mailboxes, had.Mailboxes) || lacks(a.DeskRoles, had.DeskRoles) ||
		a.Away != nil && had.Away == nil
}

// Detail is what the audit log says of a.
func (a Access) Detail() map[string]any {
	detail := map[string]any{"status": a.Status, "role": a.Role, "teams": a.Teams, "mailboxes": a.Mailboxes}
	if len(a.DeskRoles) > 0 {
		detail["desk_roles"] = a.DeskRoles
	}
	return detail
}

// Evaluate returns the access id should have on desk under rules at a moment, given
// the groups it is in.
//
// A person who is not active, or whom an admin's terms bar at that moment, gets
// AccessSuspended and nothing else, whatever the rules say: offboarding must not
// depend on the mapping being right. A rule that has ended by then grants nothing. A
// person to whom no rule grants a role gets AccessAbsent: teams and mailboxes
// alone make no agent. Of several roles the highest wins, teams and mailboxes
// add up; Grants lists every contribution, winners first. Neither the order of
// rules nor that of groups matters. Evaluate does no I/O and takes
// O(len(rules) × len(groups)) time.
func Evaluate(rules []Rule, id Identity, groups []Membership, desk DeskID, at time.Time) Access {
	if !id.Admitted(at) {
		return Access{Status: AccessSuspended}
	}
	groups = slices.Concat(groups, id.Claimed())
	var grants []Grant
	for _, r := range rules {
		if r.Desk != desk || r.Connection != id.Connection || r.Ended(at) {
			continue
		}
		for _, m := range groups {
			if r.matchesGroup(m) {
				grants = append(grants, Grant{Rule: r.ID, Group: m.Group, GroupName: m.Name, Via: m.Via,
					Role: r.Role, Teams: r.Teams, Mailboxes: r.Mailboxes, DeskRoles: r.DeskRoles})
			}
		}
		if r.matchesAttribute(&id) {
			grants = append(grants, attributeGrant(r, &id.Requested))
		}
	}
	slices.SortFunc(grants, compareGrants)
	grants = slices.CompactFunc(grants, func(a, b Grant) bool { return a.Rule == b.Rule && a.Group == b.Group })

	access := Access{Status: AccessAbsent}
	for _, g := range grants {
		if access.Role.Less(g.Role) {
			access.Role = g.Role
		}
		access.Teams = append(access.Teams, g.Teams...)
		access.Mailboxes = append(access.Mailboxes, g.Mailboxes...)
		access.DeskRoles = append(access.DeskRoles, g.DeskRoles...)
	}
	access.Grants = grants
	if access.Role.Rank() == 0 {
		return Access{Status: AccessAbsent, Grants: grants}
	}
	access.Status = AccessActive
	access.Teams = Sorted(access.Teams)
	access.Mailboxes = Sorted(access.Mailboxes)
	access.DeskRoles = Sorted(access.DeskRoles)
	if away := id.Terms.AwayAt(at); away != nil {
		access.Away = &Absence{Until: away.Until, HandOver: away.HandOver}
	}
	return access.lessIdle(id.Terms.Idle.On(string(desk)))
}

// lessIdle returns what is left of a where m, which may be nil, says that the seat was
// taken. What gave it stays told.
func (a Access) lessIdle(m *seating.Mark) Access {
	switch {
	case m != nil && m.Do == seating.Free:
		return Access{Status: AccessAbsent, Grants: a.Grants}
	case m != nil && RoleLimited.Less(a.Role):
		a.Role, a.DeskRoles, a.Teams = RoleLimited, nil, nil // many desks let nobody of that role be in a team
	}
	return a
}

func attributeGrant(r Rule, asked *Requested) Grant {
	g := Grant{Rule: r.ID, Attribute: r.Attribute, Role: r.Role, Teams: r.Teams, Mailboxes: r.Mailboxes, DeskRoles: r.DeskRoles}
	if !r.passesDesk() {
		return g
	}
	g.Role = RoleNone
	for _, name := range asked.Roles {
		if role, err := ParseRole(name); err == nil && g.Role.Less(role) {
			g.Role = role
		}
	}
	if r.Role.Less(g.Role) {
		g.Role = r.Role
	}
	g.Teams = allowed(asked.Teams, r.Teams)
	g.Mailboxes = allowed(asked.Mailboxes, r.Mailboxes)
	return g
}

// allowed returns those of asked that are in list, in list's spelling; all of
// asked when list is empty.
func allowed(asked, list []string) []string {
	if len(list) == 0 {
		return Sorted(asked)
	}
	var out []string
	for _, name := range list {
		if slices.ContainsFunc(asked, func(a string) bool { return Fold(a) == Fold(name) }) {
			out = append(out, name)
		}
	}
	return Sorted(out)
}

// compareGrants orders grants for people and for equality: strongest role
// first, then by rule and group. Of one rule reached through one group on
// several paths the shortest, then smallest, comes first.
func compareGrants(a, b Grant) int {
	return cmp.Or(
		cmp.Compare(b.Role.Rank(), a.Role.Rank()),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Group, b.Group),
		cmp.Compare(len(a.Via), len(b.Via)),
		slices.Compare(a.Via, b.Via),
	)
}

// Role is what a person may do on a desk. Roles are ordered:
// none < limited < agent < admin. [RoleOwner] stands apart: it is read from a
// desk, and never given, taken, demoted or removed.
type Role string

// The roles, weakest first. The empty Role is the same as [RoleNone].
const (
	RoleNone    Role = "none"
	RoleLimited Role = "limited"
	RoleAgent   Role = "agent"
	RoleAdmin   Role = "admin"
	RoleOwner   Role = "owner"
)

// Roles lists the roles that a rule may grant, weakest first.
var Roles = []Role{RoleNone, RoleLimited, RoleAgent, RoleAdmin}

// Rank is the place of r in the order of roles, 0 for none.
func (r Role) Rank() int {
	switch r {
	case RoleLimited:
		return 1
	case RoleAgent:
		return 2
	case RoleAdmin:
		return 3
	case RoleOwner:
		return 4
	}
	return 0
}

// Less reports whether r is weaker than other.
func (r Role) Less(other Role) bool { return r.Rank() < other.Rank() }

// ParseRole returns the role that rules may grant under this name, in any
// letter case. "" is [RoleNone]. "owner" and unknown names are Invalid.
func ParseRole(name string) (Role, error) {
	for _, r := range Roles {
		if strings.EqualFold(string(r), name) {
			return r, nil
		}
	}
	switch {
	case name == "":
		return RoleNone, nil
	case strings.EqualFold(name, string(RoleOwner)):
		return RoleNone, Errorf(Invalid, "role", "owner cannot be granted; use none, limited, agent or admin")
	}
	return RoleNone, Errorf(Invalid, "role", "unknown role %q; use none, limited, agent or admin", name)
}
