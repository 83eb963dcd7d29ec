package redmine

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Redmine's words for the state of a user.
const (
	statusActive     = 1
	statusRegistered = 2 // waits for an administrator's yes
	statusLocked     = 3
)

// record is a user. A list leaves Status, Groups and Memberships out, and shows
// Redmine's other secrets about people, which are not read.
type record struct {
	ID           int64         `json:"id"`
	Login        string        `json:"login"`
	First        string        `json:"firstname"`
	Last         string        `json:"lastname"`
	Mail         string        `json:"mail"`
	Admin        bool          `json:"admin"`
	Status       int           `json:"status"`
	CustomFields []customField `json:"custom_fields"`
	Groups       []entry       `json:"groups"`
	Memberships  []membership  `json:"memberships"`
	LastLogin    kit.Moment    `json:"last_login_on"` // null: never
}

type customField struct {
	entry
	Value json.RawMessage `json:"value"` // a string; a list where the field takes several
}

// membership is what a user is in one project.
type membership struct {
	ID      int64   `json:"id"`
	Project entry   `json:"project"`
	Roles   []grant `json:"roles"`
}

// grant is one role in a project.
type grant struct {
	entry
	Inherited bool `json:"inherited"` // from a group, or from the project above
}

func (m membership) path() string { return "/memberships/" + strconv.FormatInt(m.ID, 10) }

// direct returns the numbers of the roles that are the user's own.
func (m membership) direct() []int64 {
	var ids []int64
	for _, g := range m.Roles {
		if !g.Inherited {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// inherits reports whether a role comes from elsewhere; with role 0, whether any
// does.
func (m membership) inherits(role int64) bool {
	return slices.ContainsFunc(m.Roles, func(g grant) bool { return g.Inherited && (role == 0 || g.ID == role) })
}

func (r *record) id() provision.DeskUserID {
	return provision.DeskUserID(strconv.FormatInt(r.ID, 10))
}

func (r *record) path() string { return "/users/" + string(r.id()) }

func (r *record) memberOf(group entry) bool {
	return slices.ContainsFunc(r.Groups, func(g entry) bool { return g.ID == group.ID })
}

// in returns the user's membership in a project; the zero one when there is
// none.
func (r *record) in(project int64) membership {
	i := slices.IndexFunc(r.Memberships, func(m membership) bool { return m.Project.ID == project })
	if i < 0 {
		return membership{}
	}
	return r.Memberships[i]
}

// externalID returns the value of the custom field with a name; "" when there is none.
func (r *record) externalID(field string) (value string) {
	for _, f := range r.CustomFields {
		if f.Name == field {
			_ = json.Unmarshal(f.Value, &value) // a list is no external id of ours
		}
	}
	return value
}

// complete fails when Redmine shows less than an administrator sees: to take
// what is missing for "in no group" would be a lie.
func (r *record) complete() error {
	if r.Status == 0 || r.Groups == nil || r.Memberships == nil {
		return desk.Errorf(desk.Permanent, "Redmine does not show state, groups and projects of users to the service account; make it an administrator: Administration > Users > (the service account) > Administrator")
	}
	return nil
}

// worksIn reports whether the user has a role of its own in a project.
func (r *record) worksIn(project entry) bool { return len(r.in(project.ID).direct()) > 0 }

// roleOf returns the role that a record shows. Redmine has no owner.
func (d *redmine) roleOf(r *record) provision.Role {
	switch {
	case r.Admin:
		return provision.RoleAdmin
	case slices.ContainsFunc(r.Groups, func(g entry) bool { return d.isLimitedGroup(g.Name) }):
		return provision.RoleLimited
	}
	return provision.RoleAgent
}

// user translates a record. Mailboxes are the active projects where the user has
// a role of its own.
func (d *redmine) user(r *record, active []entry) *provision.DeskUser {
	var teams, mailboxes []entry
	for _, g := range r.Groups {
		if !d.isLimitedGroup(g.Name) {
			teams = append(teams, g)
		}
	}
	for _, p := range active {
		if r.worksIn(p) {
			mailboxes = append(mailboxes, p)
		}
	}
	return &provision.DeskUser{
		ID:          r.id(),
		ExternalID:  r.externalID(d.settings.externalIDField),
		Email:       r.Mail,
		UserName:    r.Login,
		DisplayName: shownName(r.First, r.Last),
		GivenName:   r.First,
		FamilyName:  r.Last,
		Active:      r.Status == statusActive,
		Role:        d.roleOf(r),
		Teams:       names(teams),
		Mailboxes:   names(mailboxes),
		LastLogin:   r.LastLogin.Time,
	}
}
