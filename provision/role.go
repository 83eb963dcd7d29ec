package provision

import "strings"

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

func (r Role) rank() int {
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
func (r Role) Less(other Role) bool { return r.rank() < other.rank() }

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
