package redmine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Redmine's words for the state of a user.
const (
	statusActive     = 1
	statusRegistered = 2 // waits for an administrator's yes
	statusLocked     = 3
)

func number(id int64) string { return strconv.FormatInt(id, 10) }

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
	Groups       []kit.Entry   `json:"groups"`
	Memberships  []membership  `json:"memberships"`
	MadeAt       kit.Moment    `json:"created_on"`
	LastLogin    kit.Moment    `json:"last_login_on"` // null: never
}

type customField struct {
	kit.Entry
	Value json.RawMessage `json:"value"` // a string; a list where the field takes several
}

// membership is what a user is in one project.
type membership struct {
	ID      int64     `json:"id"`
	Project kit.Entry `json:"project"`
	Roles   []grant   `json:"roles"`
}

// grant is one role in a project.
type grant struct {
	kit.Entry
	Inherited bool `json:"inherited"` // from a group, or from the project above
}

func (m membership) path() string { return "/memberships/" + number(m.ID) }

// direct returns the numbers of the roles that are the user's own.
func (m membership) direct() (ids []int64) {
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

func (r *record) id() provision.DeskUserID { return provision.DeskUserID(number(r.ID)) }

func (r *record) path() string { return "/users/" + number(r.ID) }

func (r *record) memberOf(group kit.Entry) bool {
	return slices.ContainsFunc(r.Groups, func(g kit.Entry) bool { return g.ID == group.ID })
}

// in returns the user's membership in a project; the zero one when there is
// none.
func (r *record) in(project kit.Entry) membership {
	i := slices.IndexFunc(r.Memberships, func(m membership) bool { return m.Project.ID == project.ID })
	if i < 0 {
		return membership{}
	}
	return r.Memberships[i]
}

// worksIn reports whether the user has a role of its own in a project.
func (r *record) worksIn(project kit.Entry) bool { return len(r.in(project).direct()) > 0 }

// externalID returns the value of the custom field with a name; "" when there is none.
func (r *record) externalID(field string) (value string) {
	for _, f := range r.CustomFields {
		if people.SameText(f.Name, field) {
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

// groupNames returns the names of all groups of a user.
func (r *record) groupNames() []string { return kit.AllNames(r.Groups) }

// roleOf returns the role that a record shows, of a user in some groups. Redmine
// has no owner.
func (n *names) roleOf(r *record, groups []string) provision.Role {
	switch {
	case r.Admin:
		return provision.RoleAdmin
	case slices.ContainsFunc(groups, n.isLimitedGroup):
		return provision.RoleLimited
	}
	return provision.RoleAgent
}

// shown translates a record of a user who is in some groups, and has a role of their own in some active projects.
func (n *names) shown(r *record, groups, projects []string) *provision.DeskUser {
	return &provision.DeskUser{
		ID: r.id(), ExternalID: r.externalID(n.settings.externalIDField), Email: r.Mail, UserName: r.Login,
		DisplayName: shownName(r.First, r.Last), GivenName: r.First, FamilyName: r.Last,
		Active: r.Status == statusActive, Role: n.roleOf(r, groups), MadeAt: r.MadeAt.Time, LastLogin: r.LastLogin.Time,
		Teams: provision.Sorted(slices.DeleteFunc(slices.Clone(groups), n.isLimitedGroup)), Mailboxes: provision.Sorted(projects),
	}
}

// Redmine's limits on users, in characters. It refuses what is longer.
const (
	maxNameLength  = 30
	maxEmailLength = 254
	maxLoginLength = 60
)

// noName stands for the half of a name that a person does not have: Redmine
// demands both.
const noName = "-"

// Fit returns want as Redmine keeps it: a first and a last name that are never
// empty and never longer than its limit, shown one after the other. It has no
// place for title and phone, and does not show a user's time zone.
//
// Somebody whose name is not said at all keeps the one on the desk.
func (d *redmine) Fit(want provision.DeskUser) provision.DeskUser {
	first, last := kit.BothNames{Given: maxNameLength, Family: maxNameLength}.Of(want.GivenName, want.FamilyName, want.DisplayName, "")
	if first+last != "" {
		first, last = cmp.Or(first, noName), cmp.Or(last, noName)
	}
	want.GivenName, want.FamilyName, want.DisplayName = first, last, shownName(first, last)
	want.Title, want.Phone, want.Timezone = "", "", ""
	return want
}

// shownName is how this connector shows a name. Redmine's own way is a setting
// of its administrator, which no call tells.
func shownName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// notInLogin matches what Redmine does not take in a login name.
var notInLogin = regexp.MustCompile(`[^a-z0-9_\-@.]`)

// loginFor returns the login name for an address: the address in lower case. An
// address that Redmine does not take as login is cleaned and gets a piece of its
// checksum, so that each address has one login name, and no two the same.
func loginFor(email string) string {
	address := provision.Fold(email)
	login := notInLogin.ReplaceAllLiteralString(address, "-")
	if login == address && len(login) <= maxLoginLength {
		return login
	}
	sum := sha256.Sum256([]byte(address))
	suffix := "-" + hex.EncodeToString(sum[:4])
	return login[:min(len(login), maxLoginLength-len(suffix))] + suffix
}

// checkEmail refuses what cannot become a user.
func checkEmail(email string) error {
	if strings.Contains(email, "@") && utf8.RuneCountInString(email) <= maxEmailLength {
		return nil
	}
	return &desk.Error{Kind: desk.Permanent, Field: "mail", Detail: "the person has no e-mail address of at most 254 characters, which Redmine demands"}
}
