package redmine

import (
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	home *url.URL // Redmine's home page, without a slash at the end
	key  string   // API key of the service account

	externalIDField string      // name of the custom field on users that keeps our external id
	roles           named.Roles // of agents, and of limited users, in the projects that rules name
	limitedGroup    string      // its members are limited; "": nobody is
	assignToTeams   bool
}

// apiKey is the form of Redmine's keys, 40 hexadecimal digits, with room for
// releases that make them longer.
var apiKey = kit.Token{Least: 32, Most: 128}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret, externalIDField: "SCIM external id", roles: named.Roles{ // as in Redmine's default configuration in English
		{Ours: provision.RoleAgent, Key: "agent_role", Name: "Developer"},
		{Ours: provision.RoleLimited, Key: "limited_role", Name: "Reporter"},
	}}
	var wrong desk.Mistakes
	allowHTTP := false
	kit.ReadSettings(d.Settings, append(s.roles.Settings("role"), []kit.Setting{
		{Key: "external_id_field", Text: &s.externalIDField, Check: kit.NotEmpty, Hint: "give a name, or leave the setting out"},
		{Key: "limited_group", Text: &s.limitedGroup},
		{Key: "assign_to_teams", Flag: &s.assignToTeams},
		{Key: "allow_http", Flag: &allowHTTP},
	}...), &wrong)
	if s.limitedGroup != "" {
		s.roles.CheckDiffer("role", &wrong)
	}
	if !apiKey.Is(d.Secret) {
		wrong.Add("secret", "give the API key of an administrator of Redmine: 40 letters and digits, at My account > API access key > Show")
	}
	s.home = kit.API(d.URL, "give the address of Redmine's home page, such as https://redmine.example.com", allowHTTP, &wrong)
	return s, wrong.Err()
}
