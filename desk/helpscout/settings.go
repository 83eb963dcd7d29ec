package helpscout

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	defaultURL         = "https://api.helpscout.net"
	defaultMissingName = "-"
	apiVersion         = "/v2"
)

// settings is what an administrator configures, checked.
type settings struct {
	base        *url.URL // without /v2 and without a slash at the end
	appID       string
	appSecret   string
	sendInvite  bool   // Help Scout mails new users an invitation
	details     bool   // job title, phone and time zone are ours to give and to compare
	missingName string // for a required name that nobody knows
	allowHTTP   bool
}

// mistakes are what is wrong with a desk's settings, in order.
type mistakes struct{ fields, details []string }

func (m *mistakes) add(field, detail string) {
	m.fields = append(m.fields, field)
	m.details = append(m.details, field+": "+detail)
}

// err returns one Invalid error for all; nil when there are none.
func (m *mistakes) err() error {
	if len(m.fields) == 0 {
		return nil
	}
	return provision.Errorf(provision.Invalid, strings.Join(m.fields, ", "), "%s", strings.Join(m.details, "; "))
}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{appSecret: strings.TrimSpace(d.Secret), details: true, missingName: defaultMissingName}
	var wrong mistakes
	s.read(d.Settings, &wrong)
	if s.appID == "" && !slices.Contains(wrong.fields, "settings.app_id") {
		wrong.add("settings.app_id", "give the App ID (Your Profile > My Apps)")
	}
	if s.appSecret == "" || strings.ContainsFunc(s.appSecret, unprintable) {
		wrong.add("secret", "give the App Secret (Your Profile > My Apps)")
	}
	base, advice := baseURL(d.URL, s.allowHTTP)
	if advice != "" {
		wrong.add("url", advice)
	}
	s.base = base
	return s, wrong.err()
}

// read takes over what the settings say.
func (s *settings) read(all map[string]string, wrong *mistakes) {
	flags := map[string]*bool{"send_invite": &s.sendInvite, "details": &s.details, "allow_http": &s.allowHTTP}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value := strings.TrimSpace(all[key])
		flag, isFlag := flags[key]
		switch {
		case isFlag && (value == "true" || value == "false"):
			*flag = value == "true"
		case isFlag:
			wrong.add("settings."+key, "give true or false")
		case key == "app_id":
			s.appID = value
			if value == "" || strings.ContainsFunc(value, unprintable) {
				wrong.add("settings."+key, "give the App ID (Your Profile > My Apps)")
			}
		case key == "missing_name":
			s.missingName = tidy(value, maxNameRunes)
			if s.missingName == "" || s.missingName != value {
				wrong.add("settings."+key, fmt.Sprintf("give a word of at most %d characters, or leave the setting out", maxNameRunes))
			}
		default:
			wrong.add("settings."+key, "unknown setting; use app_id, send_invite, details, missing_name or allow_http")
		}
	}
}

// unprintable reports whether r cannot be part of an App ID or App Secret.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// baseURL returns the address of the API, or advice on a better one. The
// secret would travel in the clear over http, so that is for loopback only,
// unless an administrator says otherwise.
func baseURL(address string, allowHTTP bool) (base *url.URL, advice string) {
	if address == "" {
		address = defaultURL
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, "leave it out for Help Scout itself, or give an address such as http://127.0.0.1:8080/desk"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, "give the address alone, without user, query and fragment"
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, "use https, or set allow_http to true if the way there is safe by other means"
	}
	u.Path = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), apiVersion), "/")
	u.RawPath = ""
	return u, ""
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
