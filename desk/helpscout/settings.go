package helpscout

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
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

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{appSecret: strings.TrimSpace(d.Secret), details: true, missingName: defaultMissingName}
	var wrong desk.Mistakes
	s.read(d.Settings, &wrong)
	if s.appID == "" && !wrong.Has("settings.app_id") {
		wrong.Add("settings.app_id", "give the App ID (Your Profile > My Apps)")
	}
	if s.appSecret == "" || strings.ContainsFunc(s.appSecret, unprintable) {
		wrong.Add("secret", "give the App Secret (Your Profile > My Apps)")
	}
	base, advice := baseURL(d.URL, s.allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
	}
	s.base = base
	return s, wrong.Err()
}

// read takes over what the settings say.
func (s *settings) read(all map[string]string, wrong *desk.Mistakes) {
	flags := map[string]*bool{"send_invite": &s.sendInvite, "details": &s.details, "allow_http": &s.allowHTTP}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value := strings.TrimSpace(all[key])
		flag, isFlag := flags[key]
		switch {
		case isFlag:
			*flag = wrong.Flag("settings."+key, value)
		case key == "app_id":
			s.appID = value
			if value == "" || strings.ContainsFunc(value, unprintable) {
				wrong.Add("settings."+key, "give the App ID (Your Profile > My Apps)")
			}
		case key == "missing_name":
			s.missingName = tidy(value, maxNameRunes)
			if s.missingName == "" || s.missingName != value {
				wrong.Add("settings."+key, "give a word of at most %d characters, or leave the setting out", maxNameRunes)
			}
		default:
			wrong.Add("settings."+key, "unknown setting; use app_id, send_invite, details, missing_name or allow_http")
		}
	}
}

// unprintable reports whether r cannot be part of an App ID or App Secret.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// baseURL returns the address of the API, or advice on a better one.
func baseURL(address string, allowHTTP bool) (base *url.URL, advice string) {
	if address == "" {
		address = defaultURL
	}
	u, advice := kit.Address(address, "leave it out for Help Scout itself, or give an address such as http://127.0.0.1:8080/desk", allowHTTP)
	if advice != "" {
		return nil, advice
	}
	u.Path = strings.TrimRight(strings.TrimSuffix(u.Path, apiVersion), "/")
	return u, ""
}
