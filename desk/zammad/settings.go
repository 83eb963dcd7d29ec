package zammad

import (
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
	api         *url.URL // without a slash at the end
	token       string
	roles       map[provision.Role]string
	customer    string   // role of who has no access
	levels      []string // of access to a group that a team gives, sorted
	mark        string   // attribute for our external id; "" is none
	replacement string   // e-mail address; "" is our own account
	invite      bool
	erases      bool // the desk's leavers are deleted or anonymized
}

// levels of access to a group that Zammad knows. full contains the others.
var levels = []string{"change", "create", full, "overview", "read"}

const full = "full"

var (
	// token is the form of access tokens, with room for other releases.
	token = kit.Token{Least: 16, Most: 256, Marks: "_-"}
	// attribute is the form of the names of attributes, which are columns of a database.
	attribute = regexp.MustCompile(`^[a-z][0-9a-z_]{1,59}$`)
	// ofZammad are attributes of users that Zammad has itself.
	ofZammad = []string{"active", "address", "city", "country", "department", "email", "fax", "firstname", "group_ids", "image", "image_source",
		"lastname", "login", "login_failed", "mobile", "note", "organization_id", "organization_ids", "out_of_office", "password", "phone", "preferences",
		"role_ids", "source", "street", "verified", "vip", "web", "zip"}
)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{token: d.Secret, erases: d.OnLeave.ForGood() != ""}
	var wrong desk.Mistakes
	allowHTTP, admin, agent, limited, access := false, "Admin", "Agent", "", full
	s.customer = "Customer"
	const name = "give the name of a role, or leave the setting out"
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: name},
		{Key: "agent_role", Text: &agent, Check: kit.NotEmpty, Hint: name},
		{Key: "customer_role", Text: &s.customer, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_role", Text: &limited},
		{Key: "group_access", Text: &access, Check: isAccess, Hint: "give full, or some of read, create, change and overview with commas between"},
		{Key: "external_id_attribute", Text: &s.mark, Check: isAttribute, Hint: "give the name of an attribute of your own making: small letters, digits and underscores"},
		{Key: "replacement", Text: &s.replacement, Check: isEmail, Hint: "give the e-mail address of a user of Zammad"},
		{Key: "invite", Flag: &s.invite},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.levels = readLevels(access)
	s.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
	if limited != "" {
		s.roles[provision.RoleLimited] = limited
	}
	all := []string{provision.Fold(admin), provision.Fold(agent), provision.Fold(s.customer), provision.Fold(limited)}
	slices.Sort(all)
	if len(slices.Compact(all)) < 4 {
		wrong.Add("settings", "admin_role, agent_role, limited_role and customer_role must be different roles")
	}
	if !token.Is(d.Secret) {
		wrong.Add("secret", "give an access token of a user of Zammad: (avatar) > Profile > Token Access > Create")
	}
	home, advice := kit.Address(d.URL, "give Zammad's address, such as https://zammad.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return settings{}, wrong.Err()
	}
	s.api = home.JoinPath("api", "v1")
	return s, wrong.Err()
}

// readLevels returns the access levels of a list with commas between, sorted.
func readLevels(text string) []string {
	var out []string
	for word := range strings.SplitSeq(text, ",") {
		out = append(out, strings.ToLower(strings.TrimSpace(word)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func isAccess(text string) bool {
	all := readLevels(text)
	return !slices.ContainsFunc(all, func(l string) bool { return !slices.Contains(levels, l) }) && (len(all) == 1 || !slices.Contains(all, full))
}

func isAttribute(text string) bool {
	return attribute.MatchString(text) && !slices.Contains(ofZammad, text)
}
