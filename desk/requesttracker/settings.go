package requesttracker

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/opened"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api     *url.URL // ends in /REST/2.0
	token   string
	account string // numeric id of the service account, as the token names it

	externalIDField string // name of the custom field on users that keeps our external id
	// groups stand for roles, the strongest first, and are no teams. Where none stands for agents, every privileged
	// user is one; where none stands for limited, nobody is.
	groups          named.Roles
	adminGroupGiven bool             // it was configured; the default need not exist on a desk where nobody is made admin
	teamQueues      opened.Mailboxes // what groups open, as the administrator says: REST 2.0 shows nobody's rights
}

// authToken is the form of RT's authentication tokens: version, id of the
// owner, secret. RT offers no other way to learn whose token it is.
var authToken = regexp.MustCompile(`^[0-9]+-([0-9]+)-[0-9A-Za-z]+$`)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{externalIDField: "SCIM external id", token: d.Secret, groups: named.Roles{
		{Ours: provision.RoleAdmin, Key: "admin_group", Name: "Desk Admins"},
		{Ours: provision.RoleAgent, Key: "agent_group"},
		{Ours: provision.RoleLimited, Key: "limited_group"},
	}}
	var wrong desk.Mistakes
	allowHTTP, queues := false, ""
	_, s.adminGroupGiven = d.Settings["admin_group"]
	table := append([]kit.Setting{
		{Key: "external_id_field", Text: &s.externalIDField, Hint: "give the name of a custom field on users, without braces",
			Check: func(name string) bool { return name != "" && !strings.ContainsAny(name, "{}") }},
	}, s.groups.Settings("group")...)
	kit.ReadSettings(d.Settings, append(table, []kit.Setting{
		{Key: "team_queues", Text: &queues, Hint: `give each team once, with the queues that it opens, such as "Support Agents: Support, Returns; Billing Agents: Billing"`,
			Check: func(text string) (ok bool) { s.teamQueues, ok = opened.Parse(text, provision.Fold); return ok }},
		{Key: "allow_http", Flag: &allowHTTP},
	}...), &wrong)
	s.groups.CheckDiffer("group", &wrong)
	if m := authToken.FindStringSubmatch(d.Secret); m != nil {
		s.account = m[1]
	} else {
		wrong.Add("secret", "give an RT authentication token, which looks like 1-27-0123abcd (Admin > Users > the service account > Auth Tokens)")
	}
	home := strings.TrimSuffix(strings.TrimRight(d.URL, "/"), "/REST/2.0")
	s.api = kit.API(home, "give the address of RT's home page, such as https://rt.example.com", allowHTTP, &wrong, "REST", "2.0")
	return s, wrong.Err()
}

// standsForRole reports whether the group of this name stands for a role.
func (s *settings) standsForRole(name string) bool { return s.groups.Ours(name) != "" }
