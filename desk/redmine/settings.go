package redmine

import (
	"maps"
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
	home *url.URL // Redmine's home page, without a slash at the end
	key  string   // API key of the service account

	externalIDField string // name of the custom field on users that keeps our mark
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
var apiKey = regexp.MustCompile(`^[0-9A-Za-z]{32,128}$`)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret, externalIDField: defaultExternalIDField, agentRole: defaultAgentRole, limitedRole: defaultLimitedRole}
	var wrong desk.Mistakes
	allowHTTP := s.read(d.Settings, &wrong)
	if s.limitedGroup != "" && provision.Fold(s.agentRole) == provision.Fold(s.limitedRole) {
		wrong.Add("settings", "agent_role and limited_role are the same role %q; limited users need a weaker one", s.agentRole)
	}
	if !apiKey.MatchString(d.Secret) {
		wrong.Add("secret", "give the API key of an administrator of Redmine: 40 letters and digits, at My account > API access key > Show")
	}
	home, advice := kit.Address(d.URL, "give the address of Redmine's home page, such as https://redmine.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
	}
	s.home = home
	return s, wrong.Err()
}

// read takes over what the settings say, and returns whether http is allowed.
func (s *settings) read(all map[string]string, wrong *desk.Mistakes) (allowHTTP bool) {
	names := map[string]*string{
		"external_id_field": &s.externalIDField,
		"agent_role":        &s.agentRole,
		"limited_role":      &s.limitedRole,
	}
	answers := map[string]*bool{"assign_to_teams": &s.assignToTeams, "allow_http": &allowHTTP}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value := strings.TrimSpace(all[key])
		switch {
		case names[key] != nil:
			*names[key] = value
			if value == "" {
				wrong.Add("settings."+key, "give a name, or leave the setting out")
			}
		case answers[key] != nil:
			*answers[key] = wrong.Flag("settings."+key, value)
		case key == "limited_group":
			s.limitedGroup = value
		default:
			wrong.Add("settings."+key, "unknown setting; use external_id_field, agent_role, limited_role, limited_group, assign_to_teams or allow_http")
		}
	}
	return allowHTTP
}
