package zendesk

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// zendesk is a [desk.Desk] on one Zendesk.
type zendesk struct {
	desk.Base
	*directory
	kit.GroupTeams
	handover.Bulk
	sorts atomic.Bool // lists of tickets are seen to be sorted as asked
}

// directory knows who and what there is.
type directory struct {
	settings settings
	client   *client
	users    people.Book[record]
	changes  edit.Writer[provision.DeskUserID, *record] // of users who may be changed
	groups   *kit.Groups
	roles    named.Finder[customRole]
	people   kit.Shared[[]record]          // agents and admins
	members  kit.Shared[map[int64][]int64] // groups by user, all by number
	listed   kit.Snapshot[*roster]
}

// New returns a connector; it is a [desk.Factory]. URL is Zendesk's address,
// Secret an admin's address and API token, as EMAIL/token:TOKEN, or an OAuth access
// token.
//
// Settings, all optional:
//
//	agent_role         custom role that agents get; without it Zendesk chooses
//	limited_role       custom role, or light agents, that stands for limited; without it nobody is limited
//	downgrade_leavers  "true" makes leavers end users, which frees their seats
//	welcome_email      "true" has Zendesk send new users a mail to verify their address
//	allow_http         "true" lets the token travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s)
	groups := groupsOf(c)
	z := &zendesk{Base: desk.Base{Name: vendor.Name, Clicks: clicks}, GroupTeams: kit.GroupTeams{Teams: groups}, directory: &directory{settings: s, client: c, groups: groups, roles: rolesOf(c)}}
	z.users = people.Book[record]{Vendor: vendor, What: "user", At: "Admin Center > People", Read: z.read, ID: (*record).id, ByEmail: z.byEmail}
	z.changes = edit.Writer[provision.DeskUserID, *record]{Vendor: vendor, What: "user", Read: z.mayChange, Write: z.write}
	z.Bulk = z.handOver()
	return z, nil
}

// Capabilities says what the API can do. Zendesk counts requests a minute, 200 on
// the smallest plan of today.
func (d *zendesk) Capabilities() desk.Capabilities {
	names := d.settings.roles.Names()
	names[provision.RoleAdmin], names[provision.RoleAgent] = "admin", cmp.Or(names[provision.RoleAgent], "agent")
	if d.settings.endUsers {
		names[provision.RoleNone] = "end user"
	}
	return desk.Capabilities{
		RoleNames:         names,
		ChangeProfile:     true,
		ChangeRole:        true,
		ChangeTeams:       true,
		MailboxesByTeam:   true,
		Deactivate:        true,
		Delete:            true,
		Anonymize:         true,
		AssignToTeam:      true,
		EndSessions:       true,
		ExternalID:        true,
		ConversationsIn:   provision.UnitTeam,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.GivesToCaller,
		TeamsWhenInactive: desk.TeamsShown,
		SeatFreedBy:       desk.ByDowngrade,
		Logins:            desk.LoginsListed,
		Rate:              3,
	}
}

// clicks are for what Zendesk cannot: the tickets that somebody sees are those of groups.
var clicks = map[string]string{
	"change mailboxes": "Zendesk gives nobody a mailbox of their own: tickets belong to groups; let the rule name a group as a team, and see Admin Center > People > Team > Groups",
}

// settings is what an administrator configures, checked.
type settings struct {
	api           *url.URL // without a slash at the end
	authorization string   // value of the header
	// roles are the custom role that agents get, without which it is whichever Zendesk gives, and
	// the custom role, or that of light agents, which stands for limited, without which nobody is.
	roles        named.Roles
	endUsers     bool // leavers become end users, which frees their seats
	welcomeEmail bool // Zendesk sends new users a mail to verify their address
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
	s := settings{endUsers: d.OnLeave.DowngradesTo(""), roles: named.Roles{{Ours: provision.RoleAgent, Key: "agent_role"}, {Ours: provision.RoleLimited, Key: "limited_role"}}}
	var wrong desk.Mistakes
	allowHTTP, downgrade := false, false
	kit.ReadSettings(d.Settings, append(s.roles.Settings("role"),
		kit.Setting{Key: "downgrade_leavers", Flag: &downgrade},
		kit.Setting{Key: "welcome_email", Flag: &s.welcomeEmail},
		kit.Setting{Key: "allow_http", Flag: &allowHTTP},
	), &wrong)
	s.endUsers = s.endUsers || downgrade
	s.roles.CheckDiffer("role", &wrong)
	switch token := withAddress.FindStringSubmatch(d.Secret); {
	case token != nil && apiToken.Is(token[1]):
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(d.Secret))
	case oauthToken.Is(strings.TrimRight(d.Secret, "=")):
		s.authorization = "Bearer " + d.Secret
	default:
		wrong.Add("secret", "give the address of an admin and an API token, as bridge@example.com/token:TOKEN, or an OAuth access token: Admin Center > Apps and integrations > APIs")
	}
	s.api = kit.API(d.URL, "give Zendesk's address, such as https://example.zendesk.com", allowHTTP, &wrong, "api", "v2")
	return s, wrong.Err()
}
