package redmine

import (
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	home *url.URL // Redmine's home page, without a slash at the end
	key  string   // API key of the service account

	externalIDField string // name of the custom field on users that keeps our external id
	agentRole       string // in the projects that rules name
	limitedRole     string // the same for limited users
	limitedGroup    string // its members are limited; "": nobody is
	assignToTeams   bool
}

// The role names are those of Redmine's default configuration in English.
const (
	defaultExternalIDField = "SCIM external id"
	defaultAgentRole       = "Developer"
	defaultLimitedRole     = "Reporter"
)

// apiKey is the form of Redmine's keys, 40 hexadecimal digits, with room for
// releases that make them longer.
var apiKey = kit.Token{Least: 32, Most: 128}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret, externalIDField: defaultExternalIDField, agentRole: defaultAgentRole, limitedRole: defaultLimitedRole}
	var wrong desk.Mistakes
	allowHTTP := false
	const name = "give a name, or leave the setting out"
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "external_id_field", Text: &s.externalIDField, Check: kit.NotEmpty, Hint: name},
		{Key: "agent_role", Text: &s.agentRole, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_role", Text: &s.limitedRole, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_group", Text: &s.limitedGroup},
		{Key: "assign_to_teams", Flag: &s.assignToTeams},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	if s.limitedGroup != "" && provision.Fold(s.agentRole) == provision.Fold(s.limitedRole) {
		wrong.Add("settings", "agent_role and limited_role are the same role %q; limited users need a weaker one", s.agentRole)
	}
	if !apiKey.Is(d.Secret) {
		wrong.Add("secret", "give the API key of an administrator of Redmine: 40 letters and digits, at My account > API access key > Show")
	}
	home, advice := kit.Address(d.URL, "give the address of Redmine's home page, such as https://redmine.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
	}
	s.home = home
	return s, wrong.Err()
}
