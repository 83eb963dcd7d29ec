package zendesk

import (
	"context"
	"sync/atomic"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// zendesk is a [desk.Desk] on one Zendesk.
type zendesk struct {
	desk.Base
	*directory
	sorts atomic.Bool // lists of tickets are seen to be sorted as asked
}

// directory knows who and what there is.
type directory struct {
	settings settings
	client   *client
	groups   *kit.Groups
	roles    *kit.Catalogue[customRole]
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
	return &zendesk{Base: desk.Base{Name: vendor.Name}, directory: &directory{settings: s, client: c, groups: groupsOf(c), roles: rolesOf(c)}}, nil
}

// Capabilities says what the API can do. Zendesk counts requests a minute, 200 on
// the smallest plan of today.
func (d *zendesk) Capabilities() desk.Capabilities {
	names := map[provision.Role]string{provision.RoleAgent: "agent", provision.RoleAdmin: "admin"}
	if d.settings.agentRole != "" {
		names[provision.RoleAgent] = d.settings.agentRole
	}
	if d.settings.limitedRole != "" {
		names[provision.RoleLimited] = d.settings.limitedRole
	}
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
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.GivesToCaller,
		TeamsWhenInactive: desk.TeamsShown,
		SeatFreedBy:       desk.ByDowngrade,
		Logins:            desk.LoginsListed,
		Rate:              3,
	}
}

// ChangeMailboxes is unsupported: the tickets that somebody sees are those of groups.
func (d *zendesk) ChangeMailboxes(context.Context, provision.DeskUserID, []string, []string) error {
	return desk.Unsupported("change mailboxes", "Zendesk gives nobody a mailbox of their own: tickets belong to groups; let the rule name a group as a team, and see Admin Center > People > Team > Groups")
}
