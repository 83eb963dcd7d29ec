package zammad

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// zammad is a [desk.Desk] on one Zammad.
type zammad struct {
	desk.Base
	*book
	client   *kit.Client
	users    *users
	self     kit.Cached[*record]
	patience kit.Patience // with a deletion
}

// book is what roles, groups and states of a Zammad mean by the settings.
type book struct {
	settings settings
	roles    *kit.Catalogue[role]
	groups   *kit.Groups
	states   *kit.Catalogue[state]
}

// New returns a connector; it is a [desk.Factory]. URL is Zammad's address,
// Secret an access token.
//
// Settings, all optional:
//
//	admin_role             role that makes an admin, besides agent_role; default "Admin"
//	agent_role             role that agents get; default "Agent"
//	customer_role          role that is left to who has no access; default "Customer"
//	limited_role           role that limited users get; without it nobody is limited
//	group_access           access levels that a team gives, such as "read, change"; default "full"
//	external_id_attribute  attribute of users that keeps our external id; without it none is kept
//	replacement            e-mail address of who is shown in place of a leaver
//	invite                 "true" has Zammad send new users a mail with a link to choose a password
//	allow_http             "true" lets the token travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s)
	return &zammad{
		Base:     desk.Base{Name: vendor.Name},
		book:     &book{settings: s, roles: roleCatalogue(c), groups: groupsOf(c), states: stateCatalogue(c)},
		client:   c,
		users:    &users{client: c, mark: s.mark},
		patience: kit.Patience{First: 200 * time.Millisecond, Most: time.Second, Looks: 4},
	}, nil
}

// Capabilities says what the API can do. A group is a team and a mailbox at once.
func (d *zammad) Capabilities() desk.Capabilities {
	names := map[provision.Role]string{provision.RoleNone: d.settings.customer}
	for r, name := range d.settings.roles {
		names[r] = name
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
		ExternalID:        d.settings.mark != "",
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsHidden,
		SeatFreedBy:       desk.ByDeactivate,
		Logins:            desk.LoginsListed,
		Rate:              10,
		Remains:           remains,
	}
}

// ChangeMailboxes is unsupported: a group is both.
func (d *zammad) ChangeMailboxes(context.Context, provision.DeskUserID, []string, []string) error {
	return desk.Unsupported("change mailboxes", "a mailbox of Zammad is a group, and a group is a team here; let the rule name it under teams")
}

// EndSessions is unsupported: Zammad has no call for one user's sessions. Who is
// inactive is turned away at the next click, and so are their access tokens.
func (d *zammad) EndSessions(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("end sessions", "Zammad turns away the sessions and access tokens of who is inactive; to end those of somebody who stays, delete them at System > Sessions")
}

// remains is what is left of a user who is inactive.
var remains = desk.Remains{
	Check: []string{
		"Access tokens of the person: Zammad turns them away while the user is inactive, and they work again on return. To end one for good: sign in as that user, (avatar) > Profile > Token Access, delete it.",
		"Triggers, schedulers and macros that give tickets to the person: Manage > Trigger, Manage > Scheduler, Manage > Macros.",
	},
	Stays: []string{"tickets and articles, with the name", "closed tickets that they own", "groups, which Zammad does not show of an inactive user"},
}
