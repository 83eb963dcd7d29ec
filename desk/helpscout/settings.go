package helpscout

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
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
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "app_id", Text: &s.appID, Hint: "give the App ID (Your Profile > My Apps)",
			Check: func(id string) bool { return id != "" && !strings.ContainsFunc(id, unprintable) }},
		{Key: "send_invite", Flag: &s.sendInvite},
		{Key: "details", Flag: &s.details},
		{Key: "missing_name", Text: &s.missingName, Hint: fmt.Sprintf("give a word of at most %d characters, or leave the setting out", maxNameRunes),
			Check: func(name string) bool { return name != "" && name == kit.Tidy(name, maxNameRunes) }},
		{Key: "allow_http", Flag: &s.allowHTTP},
	}, &wrong)
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

// SignIn is what Help Scout needs to be told by SAML: it finds people by the
// address in the NameID, makes nobody, and reads no attribute
// (docs.helpscout.com/article/880, 2026-11).
var SignIn = protocol.DeskSAML{NameID: protocol.FieldEmail, Attributes: map[protocol.Field]string{protocol.FieldEmail: "email"}}
