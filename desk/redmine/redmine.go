package redmine

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// redmine is a [desk.Desk] on one Redmine.
type redmine struct {
	desk.Base
	openedProjects
	settings    settings
	client      *kit.Client
	directory   *directory
	externalIDs *externalIDs
	listed      kit.Snapshot[*roster]
}

// New returns a connector; it is a [desk.Factory]. URL is the address of
// Redmine's home page, Secret the API key of an administrator.
//
// Settings, all optional:
//
//	external_id_field  custom field on users that keeps our external id; default "SCIM external id"
//	agent_role         role that agents and admins get in the projects that rules name; default "Developer"
//	limited_role       role that limited users get there; default "Reporter"
//	limited_group      group whose members are limited; without it Redmine has no such role
//	assign_to_teams    "true" if Redmine allows issues to be assigned to groups
//	allow_http         "true" lets the key travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s.home, s.key)
	known := newDirectory(c)
	return &redmine{
		Base:           desk.Base{Name: "Redmine"},
		openedProjects: openedProjects{c, known},
		settings:       s,
		client:         c,
		directory:      known,
		externalIDs:    newExternalIDs(c, s.externalIDField),
	}, nil
}

// Capabilities says what the REST API can do.
func (d *redmine) Capabilities() desk.Capabilities {
	names := map[provision.Role]string{
		provision.RoleAgent: "user, " + d.settings.agentRole + " in projects",
		provision.RoleAdmin: "administrator",
	}
	if d.settings.limitedGroup != "" {
		names[provision.RoleLimited] = "user in " + d.settings.limitedGroup + ", " + d.settings.limitedRole + " in projects"
	}
	return desk.Capabilities{ConversationsIn: provision.UnitMailbox,
		RoleNames:         names,
		ChangeProfile:     true,
		ChangeRole:        true,
		ChangeTeams:       true,
		ChangeMailboxes:   true,
		Deactivate:        true,
		Delete:            true,
		AssignToTeam:      d.settings.assignToTeams,
		ExternalID:        true,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsShown,
		SeatFreedBy:       desk.ByNothing,
		Logins:            desk.LoginsListed,
		Rate:              40,
		Remains:           remains,
	}
}

// Anonymize is unsupported: the nearest that Redmine has is to delete.
func (d *redmine) Anonymize(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("anonymize", "Redmine does not anonymize users; use on_leave: deactivate, or on_leave: delete, which keeps what the person wrote under the name Anonymous")
}

// EndSessions is unsupported: Redmine has no call for it. Locking ends browser
// sessions and turns the API key away, both at once.
func (d *redmine) EndSessions(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("end sessions", "Redmine ends sessions only by locking the user or by a new password: Administration > Users > (the user) > Lock, then Unlock")
}

// remains is what is left of a user who is locked.
var remains = desk.Remains{
	Check: []string{
		"Issue categories that assign to the person: (the project) > Settings > Issue categories.",
		"The API key of a locked user does not work. It would work again once they are unlocked: to end it, My account > API access key > Reset as that user.",
	},
	Stays: []string{"issues, notes and time entries, with the name", "closed issues that are assigned to them"},
}
