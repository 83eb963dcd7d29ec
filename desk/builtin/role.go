package builtin

import (
	"maps"

	"github.com/deskbridge/deskbridge/provision"
)

// role is a role in the desk's own words, which are Help Scout's.
type role string

// The roles. A user without one keeps the account, and may do nothing.
const (
	roleOwner   role = "owner"
	roleAdmin   role = "admin"
	roleUser    role = "user"
	roleLimited role = "light user"
	roleNone    role = "none"
)

var roleOf = map[provision.Role]role{
	provision.RoleOwner:   roleOwner,
	provision.RoleAdmin:   roleAdmin,
	provision.RoleAgent:   roleUser,
	provision.RoleLimited: roleLimited,
	provision.RoleNone:    roleNone,
	"":                    roleNone,
}

// common returns r in the common words.
func (r role) common() provision.Role {
	for common, own := range roleOf {
		if own == r && common != "" {
			return common
		}
	}
	return provision.RoleNone
}

// roleNames returns the desk's word for each role that can be given.
func roleNames() map[provision.Role]string {
	out := make(map[provision.Role]string)
	for common, own := range maps.All(roleOf) {
		if common != "" && common != provision.RoleOwner {
			out[common] = string(own)
		}
	}
	return out
}

// manages reports whether r may change users, teams and everything else, and
// sees every mailbox.
func (r role) manages() bool { return r == roleOwner || r == roleAdmin }

// works reports whether r may be in teams and own conversations.
func (r role) works() bool { return r.manages() || r == roleUser }

// give returns the role to give for a common one. The owner is made with the
// desk, and nobody else becomes one.
func give(r provision.Role) (role, error) {
	own, ok := roleOf[r]
	if !ok || own == roleOwner {
		return "", errPermanent("role", "the role %q cannot be given; use none, limited, agent or admin", r)
	}
	return own, nil
}
