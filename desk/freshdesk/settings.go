package freshdesk

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api           *url.URL // without a slash at the end
	authorization string   // value of the header
	roles         map[provision.Role]string
	scope         int // which tickets new agents see: one of scopes
	occasional    bool
}

// scopes are which tickets agents see, by the word for it in settings.
var scopes = map[string]int{"global": globalScope, "group": 2, "restricted": 3}

const globalScope = 1

// apiKey is the form of a key, with or without what stands for a password.
var apiKey = kit.Token{Least: 8, Most: 256, Marks: "_-"}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{}
	var wrong desk.Mistakes
	allowHTTP, admin, agent, limited, scope := false, "Administrator", "Agent", "", "group"
	const name = "give the name of a role, or leave the setting out"
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: name},
		{Key: "agent_role", Text: &agent, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_role", Text: &limited},
		{Key: "ticket_scope", Text: &scope, Check: func(text string) bool { return scopes[text] != 0 }, Hint: "give global, group or restricted"},
		{Key: "occasional", Flag: &s.occasional},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
	if limited != "" {
		s.roles[provision.RoleLimited] = limited
	}
	s.scope = scopes[scope]
	if sameText(admin, agent) || sameText(agent, limited) || sameText(limited, admin) || isOwners(admin) || isOwners(agent) || isOwners(limited) {
		wrong.Add("settings", "admin_role, agent_role and limited_role must be different roles, and none that of account administrators")
	}
	if key := strings.TrimSuffix(d.Secret, ":X"); apiKey.Is(key) {
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":X"))
	} else {
		wrong.Add("secret", "give the API key of an admin of Freshdesk: (the picture at the top) > Profile settings > View API key")
	}
	home, advice := kit.Address(d.URL, "give Freshdesk's address, such as https://example.freshdesk.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return s, wrong.Err()
	}
	s.api = home.JoinPath("api", "v2")
	return s, wrong.Err()
}
