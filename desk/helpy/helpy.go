package helpy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// helpy is a [desk.Desk] on one Helpy.
type helpy struct {
	desk.Base
	client *kit.Client
	users  *users
}

// New returns a connector; it is a [desk.Factory]. URL is the address of Helpy's
// home page, Secret the API key of an admin.
//
// Settings, all optional:
//
//	allow_http  "true" lets the key travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s)
	return &helpy{Base: desk.Base{Name: "Helpy", Clicks: clicks}, client: c, users: &users{client: c}}, nil
}

// clicks are for what Helpy has no call for. Who is deactivated is signed out at the next
// click.
var clicks = map[string]string{
	"change mailboxes": "Helpy has no mailboxes that people could be let into: what an agent sees follows from groups; let the rule name a group as a team",
	"end sessions":     "Helpy ends the sessions of one person only when the user is deactivated: Users > (the user) > Edit User > Active, save, and tick it again later",
}

// Capabilities says what the API v1 can do.
func (d *helpy) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		Remains: remains,
		RoleNames: map[provision.Role]string{
			provision.RoleNone:    "customer",
			provision.RoleLimited: "editor",
			provision.RoleAgent:   "agent",
			provision.RoleAdmin:   "administrator",
		},
		ChangeProfile:     true,
		ChangeRole:        true,
		MailboxesByTeam:   true,
		Deactivate:        true,
		Delete:            true,
		Anonymize:         true,
		ExternalID:        true,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsHidden,
		SeatFreedBy:       desk.ByNothing,
	}
}

// ChangeTeams is unsupported: the API shows groups only. To take somebody out of
// groups that mean nothing any more, because the user is deactivated or no agent,
// is no task for anybody.
func (d *helpy) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	if len(add) == 0 {
		r, err := d.users.read(ctx, id)
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return err
		}
		if err == nil && !slices.ContainsFunc(remove, func(team string) bool { return provision.ContainsFold(r.user().Teams, team) }) {
			return nil
		}
	}
	var todo []string
	if len(add) > 0 {
		todo = append(todo, fmt.Sprintf("choose %s there (an agent in no group sees the tickets of all groups)", quoted(add)))
	}
	if len(remove) > 0 {
		todo = append(todo, fmt.Sprintf("take %s away there", quoted(remove)))
	}
	return desk.Unsupported("change teams", fmt.Sprintf("Helpy's API cannot change groups; go to Users > (user %s) > Edit User > Group/Team, %s, and save", id, strings.Join(todo, ", ")))
}

func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }
