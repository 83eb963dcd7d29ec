package scim

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// roleNames are the desk's words for the roles that it knows. Where agents have no
// value, nobody can have less.
func (s *settings) roleNames() map[provision.Role]string {
	if s.role.Name == "" {
		return map[provision.Role]string{provision.RoleAgent: "user", provision.RoleAdmin: "administrator, made on the desk by hand"}
	}
	names := map[provision.Role]string{}
	for role, value := range s.roles {
		names[role] = cmp.Or(value, "no "+s.role.Name)
	}
	if s.roles[provision.RoleAgent] != "" {
		names[provision.RoleNone] = "no " + s.role.Name
	}
	return names
}

// held returns the values of the role attribute.
func (s *settings) held(r record) (all []scimclient.Object) {
	a := s.role
	of := r.Object
	if a.Schema != "" {
		of = r.Sub(a.Schema)
	}
	for _, v := range of.Objects(a.Name) {
		if v.Text("value") != "" {
			all = append(all, v)
		}
	}
	return all
}

// roleOf returns the role that a record shows. Whoever has a value that the
// settings do not name may be anything, and counts as an admin: is taken over by
// nobody but with an admin's word, and is not made less without one.
func (s *settings) roleOf(r record) provision.Role {
	if s.role.Name == "" {
		return provision.RoleAgent
	}
	best := provision.RoleNone
	if s.roles[provision.RoleAgent] == "" {
		best = provision.RoleAgent
	}
	for _, v := range s.held(r) {
		role := provision.RoleAdmin
		for ours, value := range s.roles {
			if value == v.Text("value") {
				role = ours
			}
		}
		if !s.ignores(v) && best.Less(role) {
			best = role
		}
	}
	return best
}

func (s *settings) ignores(v scimclient.Object) bool {
	return slices.Contains(s.ignored, v.Text("value"))
}

// strange returns the values that the settings name nowhere.
func (s *settings) strange(r record) (all []string) {
	for _, v := range s.held(r) {
		ours := false
		for _, value := range s.roles {
			ours = ours || value == v.Text("value")
		}
		if !ours && !s.ignores(v) {
			all = append(all, v.Text("value"))
		}
	}
	return all
}

// roleValue returns what the role attribute is to be for one of our roles. What
// somebody has besides stays, but for a leaver, who keeps nothing.
func (s *settings) roleValue(r record, role provision.Role) (any, error) {
	value, known := s.roles[role]
	if role = cmp.Or(role, provision.RoleNone); !known && role != provision.RoleNone || s.roleNames()[role] == "" {
		return nil, desk.Errorf(desk.Permanent, "no value of %s stands for the role %s here: let the rule grant agent or admin, or limited once limited_role is set on the desk", s.role.Path(), role)
	}
	if strange := s.strange(r); len(strange) > 0 && role != provision.RoleNone && (!s.many || role != provision.RoleAdmin) {
		return nil, desk.Errorf(desk.Permanent, "user %s of the desk has %s %s, which may be more than this role and which the settings do not name; take it away on the desk, or name it in the setting ignored_roles", r.id(), s.role.Name, strings.Join(strange, ", "))
	}
	if !s.many {
		if value == "" {
			return nil, nil
		}
		return value, nil
	}
	var all []any
	if value != "" {
		all = append(all, scimclient.Object{"value": value, "primary": true})
	}
	for _, v := range s.held(r) {
		ours := false
		for _, of := range s.roles {
			ours = ours || of == v.Text("value")
		}
		if ours || role == provision.RoleNone {
			continue
		}
		other := scimclient.Object{}
		for key, value := range v {
			if !strings.EqualFold(key, "primary") {
				other[key] = value
			}
		}
		all = append(all, other)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// SetRole gives the value that stands for a role, and takes the others that stand
// for one.
func (p *provider) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	if p.settings.role.Name == "" {
		return desk.Unsupported("change role", "this desk takes no roles by SCIM (role_attribute: none); give user "+string(id)+" the role on the desk by hand, in its user administration")
	}
	role = cmp.Or(role, provision.RoleNone)
	r, err := p.change(ctx, id, func(r record) (scimclient.Edits, error) {
		if p.settings.roleOf(r) == role && len(p.settings.strange(r)) == 0 {
			return nil, nil
		}
		value, err := p.settings.roleValue(r, role)
		return scimclient.Edits{{Of: p.settings.role, Value: value}}, err
	})
	if err == nil && p.settings.roleOf(r) != role {
		err = disobeyed(p.settings.role.Path(), "give user %s the role %s", id, role)
	}
	return err
}
