package requesttracker

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api     *url.URL // ends in /REST/2.0
	token   string
	account string // numeric id of the service account, as the token names it

	externalIDField string // name of the custom field on users that keeps our external id
	adminGroup      string // its members are admins
	adminGroupGiven bool   // adminGroup was configured, and is not only the default
	agentGroup      string // its members are agents; "": every privileged user is one
	limitedGroup    string // its members are limited; "": nobody is
	teamQueues      []teamQueues
}

const (
	defaultExternalIDField = "SCIM external id"
	defaultAdminGroup      = "Desk Admins"
)

// authToken is the form of RT's authentication tokens: version, id of the
// owner, secret. RT offers no other way to learn whose token it is.
var authToken = regexp.MustCompile(`^[0-9]+-([0-9]+)-[0-9A-Za-z]+$`)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{externalIDField: defaultExternalIDField, adminGroup: defaultAdminGroup, token: d.Secret}
	var wrong desk.Mistakes
	allowHTTP, queues := false, ""
	_, s.adminGroupGiven = d.Settings["admin_group"]
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "external_id_field", Text: &s.externalIDField, Hint: "give the name of a custom field on users, without braces",
			Check: func(name string) bool { return name != "" && !strings.ContainsAny(name, "{}") }},
		{Key: "admin_group", Text: &s.adminGroup, Check: kit.NotEmpty,
			Hint: "give the name of the group whose members are admins, or leave the setting out"},
		{Key: "agent_group", Text: &s.agentGroup},
		{Key: "limited_group", Text: &s.limitedGroup},
		{Key: "team_queues", Text: &queues, Hint: `give each team once, with the queues that it opens, such as "Support Agents: Support, Returns; Billing Agents: Billing"`,
			Check: func(text string) (ok bool) { s.teamQueues, ok = parseTeamQueues(text); return ok }},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	if twice := doubled(s.roleGroups()); twice != "" {
		wrong.Add("settings", "the group %q stands for two roles; give each role a group of its own", twice)
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

// roleGroups returns the names of the groups that stand for roles; they are no
// teams.
func (s *settings) roleGroups() []string {
	var names []string
	for _, name := range []string{s.adminGroup, s.agentGroup, s.limitedGroup} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// groupOf returns the group that stands for a role; "" when there is none.
func (s *settings) groupOf(role provision.Role) string {
	switch role {
	case provision.RoleAdmin:
		return s.adminGroup
	case provision.RoleAgent:
		return s.agentGroup
	case provision.RoleLimited:
		return s.limitedGroup
	}
	return ""
}

// standsForRole reports whether the group of this name stands for a role.
func (s *settings) standsForRole(name string) bool { return containsFold(s.roleGroups(), name) }

// containsFold compares names of groups as RT does: without regard to letter
// case.
func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return provision.Fold(n) == provision.Fold(name) })
}

// doubled returns the first name that occurs twice; "" when none does.
func doubled(names []string) string {
	for i, name := range names {
		if containsFold(names[:i], name) {
			return name
		}
	}
	return ""
}
