package zammad

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// record is a user as Zammad shows it. What is null there is empty here.
type record struct {
	ID          int64      `json:"id"`
	Login       string     `json:"login"`
	Email       string     `json:"email"`
	First       string     `json:"firstname"`
	Last        string     `json:"lastname"`
	Phone       string     `json:"phone"`
	Active      bool       `json:"active"`
	Roles       []int64    `json:"role_ids"`
	Groups      access     `json:"group_ids"` // none of who is inactive, or no agent, whatever is stored
	Away        bool       `json:"out_of_office"`
	AwayFrom    string     `json:"out_of_office_start_at"`
	AwayUntil   string     `json:"out_of_office_end_at"`
	Replacement int64      `json:"out_of_office_replacement_id"`
	MadeAt      kit.Moment `json:"created_at"`
	LastLogin   kit.Moment `json:"last_login"`

	fields map[string]json.RawMessage
}

// UnmarshalJSON reads a record, with the attributes that somebody has added.
func (r *record) UnmarshalJSON(data []byte) error {
	type plain record
	return errors.Join(json.Unmarshal(data, (*plain)(r)), json.Unmarshal(data, &r.fields))
}

// complete fails when Zammad shows less of a user than it should: to take what is missing for "inactive" or "in no group" would be a lie.
func (r *record) complete() error {
	for _, name := range [...]string{"id", "email", "active", "role_ids", "group_ids"} {
		if value := r.fields[name]; value == nil || name != "email" && string(value) == "null" {
			return desk.Errorf(desk.Retryable, "Zammad does not show %s of user %d; is a proxy in the way?", name, r.ID)
		}
	}
	return nil
}

func (r *record) id() provision.DeskUserID { return people.ID(r.ID) }

func (r *record) path() string { return "/users/" + number(r.ID) }

// has reports whether users have an attribute.
func (r *record) has(attribute string) bool {
	_, there := r.fields[attribute]
	return there
}

// text returns the value of an attribute; "" is none.
func (r *record) text(attribute string) (value string) {
	_ = json.Unmarshal(r.fields[attribute], &value) // another type is no text of ours
	return value
}

func (r *record) isSystem() bool { return r.ID == systemUser }

// systemUser is the number of Zammad's own user, who stands for nobody.
const systemUser = 1

// rolesOf returns the roles of a user. One that is not known is looked for once
// more: it may be new.
func (d *book) rolesOf(ctx context.Context, r *record) ([]role, error) {
	roles, all, err := d.roles.Numbered(ctx, r.Roles, func(of role) int64 { return of.ID })
	if err == nil && !all {
		roles = append(roles, role{Name: "?"}) // which gives we do not know what
	}
	return roles, err
}

// stands reports whether a role is the one that stands for one of ours.
func (d *book) stands(r *role, of provision.Role) bool {
	return d.settings.roles.Ours(r.Name) == of
}

// works reports whether one of the roles makes an agent, who may own tickets.
func (d *book) works(roles []role) bool {
	return slices.ContainsFunc(roles, func(r role) bool {
		return r.holds(agentPermission) || r.Permissions == nil && d.stands(&r, provision.RoleAgent)
	})
}

// roleOf returns the role that a list of roles amounts to. Who may change users or
// roles is an admin, whatever the role's name: they can make themselves one. Who
// has a role that gives something else, which we do not govern, has access, and
// counts as limited.
func (d *book) roleOf(r *record, roles []role) provision.Role {
	some := func(is func(*role) bool) bool {
		return slices.ContainsFunc(roles, func(r role) bool { return is(&r) })
	}
	switch {
	case r.isSystem():
		return provision.RoleOwner
	case some(func(r *role) bool { return r.administers() || !r.off() && d.stands(r, provision.RoleAdmin) }):
		return provision.RoleAdmin
	case d.works(roles):
		return provision.RoleAgent
	case some(func(r *role) bool {
		return !people.SameText(r.Name, d.settings.roles.Of(provision.RoleNone)) && !r.idle()
	}):
		return provision.RoleLimited
	}
	return provision.RoleNone
}

// showsGroups reports whether Zammad shows the groups of a user: only then is it
// known which ones are stored.
func (d *book) showsGroups(r *record, roles []role) bool { return r.Active && d.works(roles) }

// user translates a record.
func (d *book) user(ctx context.Context, r *record) (*provision.DeskUser, error) {
	roles, err := d.rolesOf(ctx, r)
	if err != nil {
		return nil, err
	}
	u := &provision.DeskUser{
		ID: r.id(), Email: r.Email, UserName: r.Login, DisplayName: people.ShownName(r.First, r.Last), GivenName: r.First, FamilyName: r.Last,
		Phone: r.Phone, Active: r.Active, Role: d.roleOf(r, roles), MadeAt: r.MadeAt.Time, LastLogin: r.LastLogin.Time,
	}
	if d.settings.mark != "" {
		u.ExternalID = r.text(d.settings.mark)
	}
	if d.showsGroups(r, roles) {
		u.Teams, err = d.groupNames(ctx, r.Groups)
	}
	return u, err
}

// groupNames returns the names of groups, sorted.
func (d *book) groupNames(ctx context.Context, of access) ([]string, error) {
	names, err := kit.Names(ctx, d.groups.Catalogue, slices.Collect(maps.Keys(of)))
	slices.Sort(names)
	return names, err
}

// owns reports whether a user may own tickets of a group: Zammad asks for full
// access, of the user's own or by one of the roles.
func (d *book) owns(r *record, roles []role, group int64) bool {
	return d.showsGroups(r, roles) && (slices.Contains(r.Groups[group], full) ||
		slices.ContainsFunc(roles, func(of role) bool { return !of.off() && slices.Contains(of.Groups[group], full) }))
}

// me returns our own account, as it was not longer ago than named.Age.
func (d *zammad) me(ctx context.Context) (*record, error) {
	return d.self.Get(ctx, named.Age, d.readSelf)
}

func (d *zammad) readSelf(ctx context.Context) (*record, error) {
	var r record
	err := d.client.Get(ctx, "/users/me", nil, &r)
	switch {
	case err != nil:
	case r.ID <= 0:
		err = desk.Errorf(desk.Retryable, "there is no Zammad at the desk's URL; give the address at which people open it")
	default:
		err = r.complete()
	}
	return &r, err
}

// unseen returns the groups whose tickets are not shown to our own account.
func (d *zammad) unseen(ctx context.Context, me *record) (names []string, _ error) {
	groups, err := d.groups.List(ctx)
	if err != nil {
		return nil, err
	}
	roles, err := d.rolesOf(ctx, me)
	for _, g := range groups {
		if !d.owns(me, roles, g.ID) {
			names = append(names, g.Name)
		}
	}
	return names, err
}
