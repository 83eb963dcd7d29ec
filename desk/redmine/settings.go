package redmine

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

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

// report collects what is wrong with a desk's settings.
type report struct{ fields, details []string }

func (r *report) add(field, format string, args ...any) {
	r.fields = append(r.fields, field)
	r.details = append(r.details, field+": "+fmt.Sprintf(format, args...))
}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret, externalIDField: defaultExternalIDField, agentRole: defaultAgentRole, limitedRole: defaultLimitedRole}
	var wrong report
	allowHTTP := s.read(d.Settings, &wrong)
	if s.limitedGroup != "" && provision.Fold(s.agentRole) == provision.Fold(s.limitedRole) {
		wrong.add("settings", "agent_role and limited_role are the same role %q; limited users need a weaker one", s.agentRole)
	}
	if !apiKey.MatchString(d.Secret) {
		wrong.add("secret", "give the API key of an administrator of Redmine: 40 letters and digits, at My account > API access key > Show")
	}
	home, advice := homeURL(d.URL, allowHTTP)
	if advice != "" {
		wrong.add("url", "%s", advice)
	}
	s.home = home
	if len(wrong.fields) > 0 {
		return settings{}, provision.Errorf(provision.Invalid, strings.Join(wrong.fields, ", "), "%s", strings.Join(wrong.details, "; "))
	}
	return s, nil
}

// read takes over what the settings say, and returns whether http is allowed.
func (s *settings) read(all map[string]string, wrong *report) (allowHTTP bool) {
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
				wrong.add("settings."+key, "give a name, or leave the setting out")
			}
		case answers[key] != nil:
			*answers[key] = value == "true"
			if value != "true" && value != "false" {
				wrong.add("settings."+key, "give true or false")
			}
		case key == "limited_group":
			s.limitedGroup = value
		default:
			wrong.add("settings."+key, "unknown setting; use external_id_field, agent_role, limited_role, limited_group, assign_to_teams or allow_http")
		}
	}
	return allowHTTP
}

// homeURL returns the root of the REST API, which is that of Redmine, or advice
// on a better address. The key would travel in the clear over http, so that is
// for loopback only, unless an administrator says otherwise.
func homeURL(home string, allowHTTP bool) (root *url.URL, advice string) {
	u, err := url.Parse(home)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, "give the address of Redmine's home page, such as https://redmine.example.com"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, "give the address of Redmine's home page alone, without user, query and fragment"
	case u.Scheme == "http" && !allowHTTP && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback():
		return nil, "use https, or set allow_http to true if the way to Redmine is safe by other means"
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, ""
}
