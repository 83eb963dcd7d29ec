package scim

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	base          *url.URL // of the service provider, without a slash at the end
	authorization string   // header
	service       string   // userName or address of an account that is never touched; "": there is none
	role          scimclient.Attribute
	many          bool                      // role is a list of values, of which one is primary
	roles         map[provision.Role]string // value of the attribute; "": none at all
	ignored       []string                  // values that say nothing of a role
	keeps         map[string]bool           // optional attributes that are written
	teams         bool                      // teams are groups; false: there are none
	memberships   string
	conversations bool // a leaver's are handed over by hand
}

// optional are the attributes of a user that a desk may have no place for.
var optional = []string{"display_name", "title", "phone", "timezone"}

// parseRole reads which attribute holds the role; none is "none".
func parseRole(text string) (a scimclient.Attribute, many, ok bool) {
	if text == "none" {
		return scimclient.Attribute{}, false, true
	}
	a, ok = scimclient.ParseAttribute(text)
	core := a.Schema == ""
	taken := core && slices.Contains([]string{"id", "externalid", "username", "active", "emails", "name", "groups", "members", "meta", "schemas", "password"}, strings.ToLower(a.Name))
	return a, core && (a.Name == "roles" || a.Name == "entitlements"), ok && !taken
}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{teams: true, keeps: map[string]bool{}}
	var wrong desk.Mistakes
	allowHTTP, auth, role, conversations := false, "bearer", "roles", "by_hand"
	admin, agent, limited, ignored, attributes := "admin", "agent", "", "", "display_name"
	const value = "give the value that the role attribute has for this role"
	oneOf := func(words ...string) func(string) bool {
		return func(text string) bool { return slices.Contains(words, text) }
	}
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "auth", Text: &auth, Check: oneOf("bearer", "basic"), Hint: "give bearer or basic"},
		{Key: "service_account", Text: &s.service},
		{Key: "role_attribute", Text: &role, Check: func(text string) bool { _, _, ok := parseRole(text); return ok },
			Hint: "give roles, entitlements, the name of an attribute such as userType, the URN of an extension and a name with a colon between, or none"},
		{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: value},
		{Key: "agent_role", Text: &agent},
		{Key: "limited_role", Text: &limited, Check: kit.NotEmpty, Hint: value},
		{Key: "ignored_roles", Text: &ignored},
		{Key: "attributes", Text: &attributes, Check: func(text string) bool {
			return !slices.ContainsFunc(words(text), func(w string) bool { return !slices.Contains(optional, w) })
		}, Hint: "give those of " + strings.Join(optional, ", ") + " that the desk keeps, with commas between, or nothing"},
		{Key: "teams", Flag: &s.teams},
		{Key: "memberships", Text: &s.memberships, Check: oneOf(scimclient.ByUser, scimclient.ByFilter, scimclient.ByGroup), Hint: "give user, filter or groups, or leave the setting out"},
		{Key: "conversations", Text: &conversations, Check: oneOf("by_hand", "none"), Hint: "give by_hand or none"},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.conversations = conversations == "by_hand"
	for _, word := range words(attributes) {
		s.keeps[word] = true
	}
	s.role, s.many, _ = parseRole(role)
	s.ignored = words(ignored)
	s.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
	if limited != "" {
		s.roles[provision.RoleLimited] = limited
	}
	values := slices.Collect(maps.Values(s.roles))
	if slices.Sort(values); len(slices.Compact(values)) < len(s.roles) {
		wrong.Add("settings", "admin_role, agent_role and limited_role must be different values")
	}
	s.authorization = "Bearer " + d.Secret
	if auth == "basic" {
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(d.Secret))
	}
	if strings.TrimSpace(d.Secret) == "" || strings.ContainsFunc(d.Secret, func(r rune) bool { return r < ' ' || r == 0x7f }) || auth == "basic" && !strings.Contains(d.Secret, ":") {
		wrong.Add("secret", "give the token that the desk shows for SCIM; with auth: basic, USER:PASSWORD")
	}
	base, advice := kit.Address(d.URL, "give the base URL of SCIM as the desk shows it, such as https://desk.example.com/scim/v2", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
	}
	s.base = base
	return s, wrong.Err()
}

// words returns what stands between commas.
func words(text string) (all []string) {
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, word)
		}
	}
	return all
}
