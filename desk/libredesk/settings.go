package libredesk

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	home         *url.URL // without a slash at the end
	key          string   // and its secret, KEY:SECRET
	roles        map[provision.Role]string
	welcomeEmail bool
}

// apiKey is the form of a key and its secret, 32 and 64 letters and digits, with
// room for releases that change that.
var apiKey = kit.Token{Least: 16, Most: 256}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret}
	var wrong desk.Mistakes
	allowHTTP, admin, agent, limited := false, "Admin", "Agent", ""
	const name = "give the name of a role, or leave the setting out"
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: name},
		{Key: "agent_role", Text: &agent, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_role", Text: &limited},
		{Key: "welcome_email", Flag: &s.welcomeEmail},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
	if limited != "" {
		s.roles[provision.RoleLimited] = limited
	}
	if sameText(admin, agent) || sameText(agent, limited) || sameText(limited, admin) {
		wrong.Add("settings", "admin_role, agent_role and limited_role must be different roles")
	}
	if key, secret, _ := strings.Cut(d.Secret, ":"); !apiKey.Is(key) || !apiKey.Is(secret) {
		wrong.Add("secret", "give the API key of an agent of Libredesk and its secret, as KEY:SECRET: Admin > Teammates > Agents > (the agent) > Generate API key")
	}
	home, advice := kit.Address(d.URL, "give Libredesk's address, such as https://desk.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
	}
	s.home = home
	return s, wrong.Err()
}

// governs reports whether a role is one that Deskbridge gives and takes.
func (s *settings) governs(role string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(s.roles)), func(name string) bool { return sameText(name, role) })
}
