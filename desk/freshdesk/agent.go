package freshdesk

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// collaborator is the kind of agents who may comment and own nothing.
const collaborator = "collaborator"

// record is an agent. A list may leave out roles, groups and skills.
//
// Deactivated is not in the reference of the API; clients that others published read it
// (2026-11). Where Freshdesk does not show it, whoever is deactivated counts as active: a
// leaver's access has not ended then, and their seat is taken.
type record struct {
	ID          int64      `json:"id"`
	Type        string     `json:"type"`
	Occasional  bool       `json:"occasional"`
	Scope       int        `json:"ticket_scope"`
	Groups      []int64    `json:"group_ids"`
	Roles       []int64    `json:"role_ids"`
	Skills      []int64    `json:"skill_ids"`
	Deactivated bool       `json:"deactivated"`
	UpdatedAt   string     `json:"updated_at"`
	MadeAt      kit.Moment `json:"created_at"`
	Contact     struct {
		Email     string     `json:"email"`
		Name      string     `json:"name"`
		Active    *bool      `json:"active"` // the person has taken the invitation
		UpdatedAt string     `json:"updated_at"`
		LastLogin kit.Moment `json:"last_login_at"`
	} `json:"contact"`

	lacks  bool // what access rests on is not shown
	skills bool // skills are shown
}

// UnmarshalJSON reads a record, and notes what it lacks.
func (r *record) UnmarshalJSON(data []byte) error {
	type plain record
	r.lacks = kit.Lacking(data, "ticket_scope", "occasional", "group_ids", "role_ids", "contact") != ""
	r.skills = kit.Lacking(data, "skill_ids") == ""
	return json.Unmarshal(data, (*plain)(r))
}

func (r *record) id() provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(r.ID, 10)) }

func (r *record) path() string { return "/agents/" + strconv.FormatInt(r.ID, 10) }

// isOwners reports whether a role is that of account administrators, who pay for it all.
func isOwners(role string) bool {
	return people.SameText(role, "Account Administrator") || people.SameText(role, "Account Admin")
}

// supervisor is Freshdesk's own role between agent and administrator.
const supervisor = "Supervisor"

// roleOf returns the role that a record shows, of which names are the names of the
// roles. Account administrators count as owners. Whoever has only roles that we do not
// govern has access, and counts as an agent.
func (d *directory) roleOf(r *record, names []string) provision.Role {
	has := func(name string) bool {
		return name != "" && slices.ContainsFunc(names, func(n string) bool { return people.SameText(n, name) })
	}
	switch {
	case slices.ContainsFunc(names, isOwners):
		return provision.RoleOwner
	case has(d.settings.roles[provision.RoleAdmin]):
		return provision.RoleAdmin
	case r.Type == collaborator:
		return provision.RoleLimited
	case has(d.settings.roles[provision.RoleAgent]), has(supervisor):
		return provision.RoleAgent
	case has(d.settings.roles[provision.RoleLimited]):
		return provision.RoleLimited
	}
	return provision.RoleAgent
}

// rolesOf returns the names of a record's roles. One that cannot be found may be any.
func (d *directory) rolesOf(ctx context.Context, r *record) ([]string, error) {
	names, err := kit.Names(ctx, d.roles, r.Roles)
	if err == nil && len(names) < len(r.Roles) {
		err = desk.Errorf(desk.Retryable, "Freshdesk does not tell what one of the roles of agent %d is", r.ID)
	}
	return names, err
}

// user translates a record.
func (d *directory) user(ctx context.Context, r *record) (*provision.DeskUser, error) {
	roles, err := d.rolesOf(ctx, r)
	if err != nil {
		return nil, err
	}
	groups, err := kit.Names(ctx, d.groups.Catalogue, r.Groups)
	return &provision.DeskUser{
		ID: r.id(), Email: r.Contact.Email, UserName: r.Contact.Email, DisplayName: r.Contact.Name,
		Active: !r.Deactivated, Role: d.roleOf(r, roles), Teams: provision.Sorted(groups),
		MadeAt: r.MadeAt.Time, LastLogin: r.Contact.LastLogin.Time, Accepted: r.Contact.Active,
	}, err
}

// maxNameLength is in characters. Freshdesk documents none; its database ends here.
const maxNameLength = 255

// Fit returns want as Freshdesk keeps it: one name for the whole person. Title and phone
// number of an agent are those of the Freshworks account, and time zones go by other names.
func (d *freshdesk) Fit(want provision.DeskUser) provision.DeskUser {
	want.Phone = ""
	return people.OneName(want, maxNameLength)
}

// role returns Freshdesk's role for one of ours; an error where it has none.
func (d *directory) role(ctx context.Context, of provision.Role) (*kit.Entry, error) {
	name := d.settings.roles[of]
	if name == "" {
		return nil, people.NoRole(vendor, of)
	}
	role, err := d.roles.Find(ctx, name)
	if err == nil && role == nil {
		err = desk.Errorf(desk.Permanent, "Freshdesk has no role %q; make it at Admin > Team > Roles > New role, or correct the setting %s_role", name, of)
	}
	return role, err
}

func noGroup(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "Freshdesk has no group %q; make it at Admin > Team > Groups > New group, or correct the rule", name)
}
