package freshdesk

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// form is what a change of an agent writes. Its lists replace those there are, and
// what is to stay is sent back as it was read.
type form struct {
	Occasional bool     `json:"occasional"`
	Scope      int      `json:"ticket_scope"`
	Groups     []int64  `json:"group_ids"`
	Roles      []int64  `json:"role_ids"`
	Skills     *[]int64 `json:"skill_ids,omitempty"`
}

func (r *record) form() form {
	f := form{r.Occasional, r.Scope, append([]int64{}, r.Groups...), append([]int64{}, r.Roles...), nil}
	if r.skills {
		skills := append([]int64{}, r.Skills...)
		f.Skills = &skills
	}
	return f
}

// lacks says in which fields r is not as f has it. What others gave meanwhile is no lack.
func (f form) lacks(before form, r *record) (fields []string) {
	note := func(lack bool, field string) {
		if lack {
			fields = append(fields, field)
		}
	}
	note(r.Occasional != f.Occasional, "occasional")
	note(r.Scope != f.Scope, "ticket_scope")
	without := func(some, others []int64) bool {
		return slices.ContainsFunc(some, func(id int64) bool { return !slices.Contains(others, id) })
	}
	for _, l := range []struct {
		field              string
		have, want, before []int64
	}{{"group_ids", r.Groups, f.Groups, before.Groups}, {"role_ids", r.Roles, f.Roles, before.Roles}} {
		kept := slices.ContainsFunc(l.before, func(id int64) bool { return !slices.Contains(l.want, id) && slices.Contains(l.have, id) })
		note(kept || without(l.want, l.have), l.field)
	}
	note(f.Skills != nil && without(*f.Skills, r.Skills), "skill_ids") // nil: not shown, not sent
	return fields
}

// mayChange returns an agent who is to be changed, with the names of the roles, and
// refuses account administrators: they pay for it all.
func (d *directory) mayChange(ctx context.Context, id provision.DeskUserID) (*record, []string, error) {
	r, err := d.read(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	roles, err := d.rolesOf(ctx, r)
	if err == nil && d.roleOf(r, roles) == provision.RoleOwner {
		err = desk.Errorf(desk.Permanent, "agent %s of Freshdesk is an account administrator, and is left alone", id)
	}
	return r, roles, err
}

// change has edit change an agent, writes all of it, and reads it back, which it
// returns. what says for people what is done.
func (d *directory) change(ctx context.Context, id provision.DeskUserID, what string, edit func(r *record, roles []string, f *form) error) (*record, error) {
	r, roles, err := d.mayChange(ctx, id)
	if err != nil {
		return nil, err
	}
	before, after := r.form(), r.form()
	if err := edit(r, roles, &after); err != nil || reflect.DeepEqual(before, after) {
		return r, err
	}
	what = fmt.Sprintf("%s agent %s", what, id)
	err = d.client.Put(ctx, r.path(), after, nil)
	d.listed.Doubt() // whatever came of it
	if err != nil {
		return nil, refusedTo(err, "%s", what)
	}
	if r, err = d.read(ctx, id); err != nil {
		return nil, err
	}
	if lacks := after.lacks(before, r); len(lacks) > 0 {
		e := vendor.Disobeyed("%s", what)
		e.Field = strings.Join(lacks, ", ")
		return nil, e
	}
	return r, nil
}

// SetRole gives the role that stands for one of ours and takes the others that do.
// Roles that somebody gave by hand stay, and so does a role of the same strength.
func (d *freshdesk) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	give, err := d.role(ctx, role)
	if err != nil {
		return err
	}
	all, err := d.roles.List(ctx)
	if err != nil {
		return err
	}
	var governed []int64
	for _, r := range all {
		for _, name := range d.settings.roles {
			if people.SameText(r.Name, name) && r.ID != give.ID {
				governed = append(governed, r.ID)
			}
		}
	}
	r, err := d.change(ctx, id, "give the role "+give.Name+" to", func(r *record, roles []string, f *form) error {
		switch {
		case r.Type == collaborator && role != provision.RoleLimited:
			return desk.Unsupported("make a collaborator an agent", "Freshdesk's API does not change the kind of an agent: Admin > Team > Agents > (agent "+string(id)+") > Edit > Agent type")
		case d.roleOf(r, roles) == role:
			return nil
		}
		f.Roles = slices.DeleteFunc(f.Roles, func(id int64) bool { return slices.Contains(governed, id) })
		if !slices.Contains(f.Roles, give.ID) {
			f.Roles = append(f.Roles, give.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	names, err := d.rolesOf(ctx, r)
	if err == nil && d.roleOf(r, names) != role {
		err = desk.Errorf(desk.Permanent, "agent %s of Freshdesk is more than %s by one of the roles %s; take that one away at Admin > Team > Agents > (the agent) > Roles, or let a rule grant more", id, role, strings.Join(names, ", "))
	}
	return err
}

// ChangeTeams adds the agent to groups and removes it from groups. What is open in
// a group stays with whoever leaves it: conversations are handed over before.
func (d *freshdesk) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	change, err := d.groups.Resolve(ctx, add, remove)
	if err != nil {
		return err
	}
	_, err = d.change(ctx, id, "change the groups of", func(_ *record, _ []string, f *form) error {
		for _, g := range change.Join {
			if !slices.Contains(f.Groups, g.ID) {
				f.Groups = append(f.Groups, g.ID)
			}
		}
		for _, g := range change.Leave {
			f.Groups = slices.DeleteFunc(f.Groups, func(id int64) bool { return id == g.ID })
		}
		return nil
	})
	return err
}

// Delete makes a contact of an agent. Freshdesk keeps what the person wrote, and
// unassigns their tickets, closed ones as well.
func (d *freshdesk) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.agents.Remove(ctx, id, func() error {
		r, _, err := d.mayChange(ctx, id)
		if err != nil {
			return err
		}
		defer func() { d.listed.Doubt() }() // whatever comes of it
		return refusedTo(d.client.Delete(ctx, r.path()), "delete agent %s", id)
	})
}
