package requesttracker

import (
	"errors"
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
	api     *url.URL // ends in /REST/2.0
	token   string
	account string // numeric id of the service account, as the token names it

	externalIDField string // name of the custom field on users that keeps our mark
	adminGroup      string // its members are admins
	adminGroupGiven bool   // adminGroup was configured, and is not only the default
	agentGroup      string // its members are agents; "": every privileged user is one
	limitedGroup    string // its members are limited; "": nobody is
}

const (
	defaultExternalIDField = "SCIM external id"
	defaultAdminGroup      = "Desk Admins"
)

// authToken is the form of RT's authentication tokens: version, id of the
// owner, secret. RT offers no other way to learn whose token it is.
var authToken = regexp.MustCompile(`^[0-9]+-([0-9]+)-[0-9A-Za-z]+$`)

// parseSettings checks d and returns all mistakes at once, joined, each a
// provision.Error with code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{externalIDField: defaultExternalIDField, adminGroup: defaultAdminGroup, token: d.Secret}
	var mistakes []error
	mistake := func(field, format string, args ...any) {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, field, format, args...))
	}

	allowHTTP := false
	for _, key := range slices.Sorted(maps.Keys(d.Settings)) {
		value := strings.TrimSpace(d.Settings[key])
		switch key {
		case "external_id_field":
			s.externalIDField = value
			if value == "" || strings.ContainsAny(value, "{}") {
				mistake("settings."+key, "give the name of a custom field on users, without braces")
			}
		case "admin_group":
			s.adminGroup, s.adminGroupGiven = value, true
			if value == "" {
				mistake("settings."+key, "give the name of the group whose members are admins, or leave the setting out")
			}
		case "agent_group":
			s.agentGroup = value
		case "limited_group":
			s.limitedGroup = value
		case "allow_http":
			allowHTTP = value == "true"
			if !allowHTTP && value != "false" {
				mistake("settings."+key, "give true or false")
			}
		default:
			mistake("settings."+key, "Request Tracker knows no such setting; use external_id_field, admin_group, agent_group, limited_group or allow_http")
		}
	}
	if twice := doubled(s.roleGroups()); twice != "" {
		mistake("settings", "the group %q stands for two roles; give each role a group of its own", twice)
	}

	if m := authToken.FindStringSubmatch(d.Secret); m != nil {
		s.account = m[1]
	} else {
		mistake("secret", "give an RT authentication token, which looks like 1-27-0123abcd (Admin > Users > the service account > Auth Tokens)")
	}
	api, err := apiURL(d.URL, allowHTTP)
	if err != nil {
		mistakes = append(mistakes, err)
	}
	s.api = api
	return s, errors.Join(mistakes...)
}

// apiURL returns the root of REST 2.0 for the address of RT's home page. The
// token would travel in the clear over http, so that is for loopback only,
// unless an administrator says otherwise.
func apiURL(home string, allowHTTP bool) (*url.URL, error) {
	u, err := url.Parse(home)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, provision.Errorf(provision.Invalid, "url", "give the address of RT's home page, such as https://rt.example.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, provision.Errorf(provision.Invalid, "url", "give the address of RT's home page alone, without user, query and fragment")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, provision.Errorf(provision.Invalid, "url", "use https, or set allow_http to true if the way to RT is safe by other means")
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), apiPath) + apiPath
	u.RawPath = ""
	return u, nil
}

const apiPath = "/REST/2.0"

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
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
