package zendesk

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api           *url.URL // without a slash at the end
	authorization string   // value of the header
	agentRole     string   // custom role that agents get; "": whichever Zendesk gives
	limitedRole   string   // custom role or light agent that stands for limited; "": nobody is limited
	endUsers      bool     // leavers become end users, which frees their seats
	welcomeEmail  bool     // Zendesk sends new users a mail to verify their address
}

var (
	// withAddress is the form of an address and a token of Zendesk's, and apiToken of that.
	withAddress = regexp.MustCompile(`^[^\s/:@]+@[^\s/:@]+/token:([^:]+)$`)
	apiToken    = kit.Token{Least: 16, Most: 256, Marks: "_-"}
	// oauthToken is the form of an OAuth access token.
	oauthToken = kit.Token{Least: 16, Most: 1000, Marks: "._~+/-"}
)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{endUsers: d.OnLeave.DowngradesTo("")}
	var wrong desk.Mistakes
	allowHTTP, downgrade := false, false
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "agent_role", Text: &s.agentRole},
		{Key: "limited_role", Text: &s.limitedRole},
		{Key: "downgrade_leavers", Flag: &downgrade},
		{Key: "welcome_email", Flag: &s.welcomeEmail},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.endUsers = s.endUsers || downgrade
	if s.limitedRole != "" && sameText(s.agentRole, s.limitedRole) {
		wrong.Add("settings", "agent_role and limited_role must be different roles")
	}
	switch token := withAddress.FindStringSubmatch(d.Secret); {
	case token != nil && apiToken.Is(token[1]):
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(d.Secret))
	case oauthToken.Is(strings.TrimRight(d.Secret, "=")):
		s.authorization = "Bearer " + d.Secret
	default:
		wrong.Add("secret", "give the address of an admin and an API token, as bridge@example.com/token:TOKEN, or an OAuth access token: Admin Center > Apps and integrations > APIs")
	}
	home, advice := kit.Address(d.URL, "give Zendesk's address, such as https://example.zendesk.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return s, wrong.Err()
	}
	s.api = home.JoinPath("api", "v2")
	return s, wrong.Err()
}
