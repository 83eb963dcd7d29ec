package named

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Role is what stands on a desk for one of our roles, as a setting names it.
type Role struct {
	Ours provision.Role
	Key  string // of the setting, such as "agent_role"
	Name string // on the desk; "": nothing stands for the role
}

// Roles are what stands on a desk for roles of ours, in the order in which settings are read.
type Roles []Role

// Settings are the keys by which an administrator says other names than these. One that has a
// default must not be empty. what is what is named, such as "role".
func (r Roles) Settings(what string) (table []kit.Setting) {
	for i := range r {
		s := kit.Setting{Key: r[i].Key, Text: &r[i].Name}
		if r[i].Name != "" {
			s.Check, s.Hint = kit.NotEmpty, "give the name of a "+what+", or leave the setting out"
		}
		table = append(table, s)
	}
	return table
}

// CheckDiffer adds a mistake where one thing stands for two roles.
func (r Roles) CheckDiffer(what string, wrong *desk.Mistakes) {
	var keys, names []string
	twice := false
	for _, one := range r {
		twice = twice || one.Name != "" && provision.ContainsFold(names, one.Name)
		keys, names = append(keys, one.Key), append(names, one.Name)
	}
	if last := len(keys) - 1; twice {
		wrong.Add("settings", "%s and %s must be different %ss", strings.Join(keys[:last], ", "), keys[last], what)
	}
}

// Of returns what stands for a role; "" when nothing does.
func (r Roles) Of(role provision.Role) string { return r.Get(role).Name }

// Get returns what stands for a role, with the key of its setting; no Name is nothing.
func (r Roles) Get(role provision.Role) Role {
	at := slices.IndexFunc(r, func(one Role) bool { return one.Ours == cmp.Or(role, provision.RoleNone) })
	if at < 0 {
		return Role{Ours: role}
	}
	return r[at]
}

// Ours returns the role that something with a name stands for; "" when it stands for none.
func (r Roles) Ours(name string) provision.Role {
	at := slices.IndexFunc(r, func(one Role) bool { return one.Name != "" && people.SameText(one.Name, name) })
	if at < 0 {
		return ""
	}
	return r[at].Ours
}

// Others returns what stands for other roles than one.
func (r Roles) Others(than provision.Role) (names []string) {
	for _, one := range r {
		if one.Ours != than && one.Name != "" {
			names = append(names, one.Name)
		}
	}
	return names
}

// Names are those of [desk.Capabilities].
func (r Roles) Names() map[provision.Role]string {
	names := make(map[provision.Role]string)
	for _, one := range r {
		names[one.Ours] = one.Name
	}
	maps.DeleteFunc(names, func(_ provision.Role, name string) bool { return name == "" })
	return names
}

// Finder finds what stands for roles of ours on a desk.
type Finder[E any] struct {
	Vendor kit.Vendor
	What   string // what is looked for, such as "active role"
	At     string // where an administrator makes one
	Among  *kit.Catalogue[E]
	Not    func(*E) bool // says of what is there that it counts for nothing; nil: of nothing
}

// Find returns what stands for a role. That nothing does, or that the desk does not have it, is
// a Permanent error.
func (f Finder[E]) Find(ctx context.Context, r Roles, role provision.Role) (*E, error) {
	one := r.Get(role)
	if one.Name == "" {
		return nil, people.NoRole(f.Vendor, role)
	}
	return f.Named(ctx, one.Name, one.Key)
}

// Named returns what has a name that a setting says. That the desk does not have it is a
// Permanent error.
func (f Finder[E]) Named(ctx context.Context, name, setting string) (*E, error) {
	e, err := f.Among.Find(ctx, name)
	if err == nil && (e == nil || f.Not != nil && f.Not(e)) {
		return nil, f.Missing(name, setting)
	}
	return e, err
}

// CheckThose is Check among all that a desk has, and adds what wrong says of what stands for a role,
// such as "makes nobody an agent: tick AGENT"; nil: nothing is said of what is there.
func (f Finder[E]) CheckThose(p *desk.Profile, r Roles, all []E, wrong func(Role, *E) string) error {
	for _, one := range r {
		if one.Name == "" {
			continue
		}
		e, err := f.Among.Named(all, one.Name)
		switch {
		case err != nil:
			return err
		case e == nil || f.Not != nil && f.Not(e):
			p.Problemf("%s", f.Missing(one.Name, one.Key).Detail)
		case wrong != nil:
			if says := wrong(one, e); says != "" {
				p.Problemf("the role %q %s at %s > %s", one.Name, says, f.At, one.Name)
			}
		}
	}
	return nil
}

// Check adds to what [desk.Desk] finds by Check each role of ours for which the desk does not have
// what a setting names.
func (f Finder[E]) Check(ctx context.Context, p *desk.Profile, r Roles) error {
	for _, one := range r {
		if one.Name == "" {
			continue
		}
		_, err := f.Named(ctx, one.Name, one.Key)
		if err := people.Problem(p, err); err != nil {
			return err
		}
	}
	return nil
}

// Missing says that the desk does not have what a setting names.
func (f Finder[E]) Missing(name, setting string) *desk.Error {
	return desk.Errorf(desk.Permanent, "%s has no %s %q; make it at %s, or correct the setting %s", f.Vendor.Name, f.What, name, f.At, setting)
}
