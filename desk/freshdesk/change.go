package freshdesk

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
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
		if lack && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	note(r.Occasional != f.Occasional, "occasional")
	note(r.Scope != f.Scope, "ticket_scope")
	for _, l := range []struct {
		field              string
		have, want, before []int64
	}{{"group_ids", r.Groups, f.Groups, before.Groups}, {"role_ids", r.Roles, f.Roles, before.Roles}} {
		for _, id := range l.want {
			note(!slices.Contains(l.have, id), l.field)
		}
		for _, id := range l.before {
			note(!slices.Contains(l.want, id) && slices.Contains(l.have, id), l.field)
		}
	}
	if f.Skills != nil {
		for _, id := range *f.Skills {
			note(!slices.Contains(r.Skills, id), "skill_ids")
		}
	}
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
func (d *directory) change(ctx context.Context, id provision.DeskUserID, what string, edit func(roles []string, f *form)) (*record, error) {
	r, roles, err := d.mayChange(ctx, id)
	if err != nil {
		return nil, err
	}
	before, after := r.form(), r.form()
	edit(roles, &after)
	if reflect.DeepEqual(before, after) {
		return r, nil
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
			if sameText(r.Name, name) && r.ID != give.ID {
				governed = append(governed, r.ID)
			}
		}
	}
	var is *record
	if is, _, err = d.mayChange(ctx, id); err != nil {
		return err
	}
	if is.Type == collaborator && role != provision.RoleLimited {
		return desk.Unsupported("make a collaborator an agent", "Freshdesk's API does not change the kind of an agent: Admin > Team > Agents > (agent "+string(id)+") > Edit > Agent type")
	}
	r, err := d.change(ctx, id, "give the role "+give.Name+" to", func(roles []string, f *form) {
		if d.roleOf(is, roles) == role {
			return
		}
		f.Roles = slices.DeleteFunc(f.Roles, func(id int64) bool { return slices.Contains(governed, id) })
		if !slices.Contains(f.Roles, give.ID) {
			f.Roles = append(f.Roles, give.ID)
		}
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
	_, err = d.change(ctx, id, "change the groups of", func(_ []string, f *form) {
		for _, g := range change.Join {
			if !slices.Contains(f.Groups, g.ID) {
				f.Groups = append(f.Groups, g.ID)
			}
		}
		for _, g := range change.Leave {
			f.Groups = slices.DeleteFunc(f.Groups, func(id int64) bool { return id == g.ID })
		}
	})
	return err
}

// Delete makes a contact of an agent. Freshdesk keeps what the person wrote, and
// unassigns their tickets, closed ones as well.
func (d *freshdesk) Delete(ctx context.Context, id provision.DeskUserID) error {
	r, _, err := d.mayChange(ctx, id)
	if err == nil {
		err = d.client.Delete(ctx, r.path())
		if d.listed.Doubt(); errors.Is(err, errRefused) {
			return refusedTo(err, "delete agent %s", id)
		}
	}
	if err == nil {
		if _, err = d.read(ctx, id); err == nil {
			return vendor.Disobeyed("delete agent %s", id)
		}
	}
	if desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

// maxEmailLength is that of RFC 5321 §4.5.3.1.3.
const maxEmailLength = 254

func checkEmail(email string) error {
	if !kit.IsEmail(email, maxEmailLength) {
		return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address that Freshdesk takes, and it demands one"}
	}
	return nil
}
