package scim

import (
	"context"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// provider is a [desk.Desk] on one SCIM service provider.
type provider struct {
	desk.Base
	settings settings
	client   *scimclient.Client
	everyone kit.Shared[[]record] // for those whom no filter finds
	groups   *scimclient.Groups
	lately   sync.Map // when users were last read, by id
}

// latelyAge is how long a user who was read by id must be on every list of all.
const latelyAge = 10 * time.Second

var vendor = kit.Vendor{
	Name:         "the desk",
	API:          "a SCIM service provider",
	Unauthorized: "the desk refuses the token; make a new one where it shows the settings of SCIM, and set it on the desk here",
	Forbidden:    "the desk does not allow this with the token; see what it may do where the desk shows the settings of SCIM",
	NotFound:     "the desk has no such resource",
}

// clicks are for what is no part of SCIM. Most desks end sessions when a user is deactivated.
var clicks = map[string]string{
	"change mailboxes": "SCIM knows no mailboxes: what somebody sees follows from role and groups on the desk; let the rule name a group as a team, and give that group its mailboxes on the desk by hand",
	"anonymize":        "SCIM cannot anonymize; use on_leave: deactivate or delete, and erase the person on the desk by hand",
	"end sessions":     "SCIM has no call to end sessions; end them on the desk by hand, at the person in its user administration",
}

// New returns a connector; it is a [desk.Factory]. URL is the base URL of the
// service provider, Secret the token that it gives out.
//
// Settings, all optional:
//
//	auth             bearer (default), or basic: the secret is USER:PASSWORD
//	service_account  userName or address of an account that is never touched
//	role_attribute   where roles stand: roles (default), entitlements, another attribute, none
//	admin_role       its value for admins; default "admin"
//	agent_role       its value for agents; default "agent"; empty: agents have none
//	limited_role     its value for limited users; without it nobody is limited
//	ignored_roles    values that say nothing of a role, with commas between
//	attributes       which of display_name, title, phone and timezone the desk keeps; default display_name
//	teams            "false": the desk has no groups
//	memberships      how it is learned in which groups somebody is; default: found out
//	conversations    by_hand (default): a leaver's are a task; none: there are none, or the desk sees to them
//	allow_http       "true" lets the token travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := scimclient.New("scim", s.base, s.authorization, vendor)
	return &provider{Base: desk.Base{Name: "SCIM", Clicks: clicks}, settings: s, client: c, groups: scimclient.NewGroups(c, s.memberships, provision.Fold)}, nil
}

// Capabilities says what SCIM is for. What becomes of conversations SCIM does not say.
// Nobody can hand them over from here, and so access does not wait for that: they
// count as kept when the user is deactivated, and not when the user is deleted.
func (p *provider) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:         p.settings.roleNames(),
		ChangeProfile:     true,
		ChangeRole:        p.settings.role.Name != "",
		ChangeTeams:       p.settings.teams,
		MailboxesByTeam:   true,
		Deactivate:        true,
		Delete:            true,
		ExternalID:        true,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsShown,
		Rate:              5,
	}
}

// OpenConversations is unsupported, unless the settings say that there are none to
// hand over.
func (p *provider) OpenConversations(context.Context, provision.DeskUserID, int) ([]desk.Conversation, error) {
	if !p.settings.conversations {
		return nil, nil
	}
	return nil, desk.Unsupported("list conversations", "SCIM shows no conversations, so nobody here knows how many are open; on the desk, search for what is assigned to the person and give it to somebody else")
}

// Assign is unsupported.
func (p *provider) Assign(context.Context, string, desk.Assignee) error {
	return desk.Unsupported("assign conversations", "SCIM assigns no conversations; assign it on the desk by hand")
}
