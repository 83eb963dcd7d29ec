package requesttracker

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/opened"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api     *url.URL // ends in /REST/2.0
	token   string
	account string // numeric id of the service account, as the token names it

	externalIDField string // name of the custom field on users that keeps our external id
	// groups stand for roles, and are no teams. Where none stands for agents, every privileged
	// user is one; where none stands for limited, nobody is.
	groups          map[provision.Role]string
	adminGroupGiven bool             // it was configured, and is not only the default
	teamQueues      opened.Mailboxes // what groups open, as the administrator says: REST 2.0 shows nobody's rights
}

// ranked are the roles that a group may stand for, the strongest first.
var ranked = []provision.Role{provision.RoleAdmin, provision.RoleAgent, provision.RoleLimited}

const (
	defaultExternalIDField = "SCIM external id"
	defaultAdminGroup      = "Desk Admins"
)

// authToken is the form of RT's authentication tokens: version, id of the
// owner, secret. RT offers no other way to learn whose token it is.
var authToken = regexp.MustCompile(`^[0-9]+-([0-9]+)-[0-9A-Za-z]+$`)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{externalIDField: defaultExternalIDField, token: d.Secret, groups: map[provision.Role]string{}}
	var wrong desk.Mistakes
	allowHTTP, queues, admin, agent, limited := false, "", defaultAdminGroup, "", ""
	_, s.adminGroupGiven = d.Settings["admin_group"]
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "external_id_field", Text: &s.externalIDField, Hint: "give the name of a custom field on users, without braces",
			Check: func(name string) bool { return name != "" && !strings.ContainsAny(name, "{}") }},
		{Key: "admin_group", Text: &admin, Check: kit.NotEmpty,
			Hint: "give the name of the group whose members are admins, or leave the setting out"},
		{Key: "agent_group", Text: &agent},
		{Key: "limited_group", Text: &limited},
		{Key: "team_queues", Text: &queues, Hint: `give each team once, with the queues that it opens, such as "Support Agents: Support, Returns; Billing Agents: Billing"`,
			Check: func(text string) (ok bool) { s.teamQueues, ok = opened.Parse(text, provision.Fold); return ok }},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	for i, group := range []string{admin, agent, limited} {
		if s.standsForRole(group) {
			wrong.Add("settings", "the group %q stands for two roles; give each role a group of its own", group)
			break
		}
		if group != "" {
			s.groups[ranked[i]] = group
		}
	}
	if m := authToken.FindStringSubmatch(d.Secret); m != nil {
		s.account = m[1]
	} else {
		wrong.Add("secret", "give an RT authentication token, which looks like 1-27-0123abcd (Admin > Users > the service account > Auth Tokens)")
	}
	api, advice := apiURL(d.URL, allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
	}
	s.api = api
	return s, wrong.Err()
}

const apiPath = "/REST/2.0"

// apiURL returns the root of REST 2.0 for the address of RT's home page, or
// advice on a better address.
func apiURL(home string, allowHTTP bool) (api *url.URL, advice string) {
	u, advice := kit.Address(home, "give the address of RT's home page, such as https://rt.example.com", allowHTTP)
	if advice != "" {
		return nil, advice
	}
	u.Path = strings.TrimSuffix(u.Path, apiPath) + apiPath
	return u, ""
}

// standsForRole reports whether the group of this name stands for a role.
func (s *settings) standsForRole(name string) bool { return s.roleOf(name) != "" }

// roleOf returns the role that the group of this name stands for; "" when there is none. RT
// compares names without regard to letter case.
func (s *settings) roleOf(name string) provision.Role {
	for role, group := range s.groups {
		if provision.Fold(group) == provision.Fold(name) {
			return role
		}
	}
	return ""
}
