package libredesk

import (
	"context"
	"maps"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// libredesk is a [desk.Desk] on one Libredesk.
type libredesk struct {
	desk.Base
	settings                        settings
	client                          *client
	people                          *kit.Catalogue[agent] // as a list shows them: without roles and teams
	users                           *people.Book[agent]
	known                           listing.Known[int64, agent, *agent]
	roles, teams, inboxes, statuses *kit.Catalogue[entry]
}

// New returns a connector; it is a [desk.Factory]. URL is Libredesk's address,
// Secret an API key and its secret, as KEY:SECRET.
//
// Settings, all optional:
//
//	admin_role     role that makes an admin; default "Admin"
//	agent_role     role that agents get; default "Agent"
//	limited_role   role that limited users get; without it nobody is limited
//	welcome_email  "true" has Libredesk send new users a mail with a link to choose a password
//	allow_http     "true" lets the key travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s.home, s.key)
	l := &libredesk{
		Base: desk.Base{Name: vendor.Name, Clicks: clicks}, settings: s, client: c,
		people: &kit.Catalogue[agent]{
			Age: catalogueAge, Read: func(ctx context.Context) ([]agent, error) { return listAgents(ctx, c) },
			Name: func(a agent) string { return a.Email }, Fold: provision.Fold,
		},
		roles: catalogue(c, "role", "/roles"), teams: catalogue(c, "team", "/teams/compact"), inboxes: catalogue(c, "inbox", "/inboxes"), statuses: catalogue(c, "status", "/statuses"),
	}
	l.users = &people.Book[agent]{Vendor: vendor, What: "user", At: "Admin > Teammates > Agents", Read: l.read, ID: (*agent).id}
	l.known = listing.Known[int64, agent, *agent]{
		Parallel: maxParallel, Age: rosterAge, List: l.listEverybody, Read: l.readListed,
		ID: func(a agent) int64 { return a.ID }, Same: func(r *agent, a agent) bool { return r.UpdatedAt.Equal(a.UpdatedAt) },
	}
	return l, nil
}

// Capabilities says what the API can do. Libredesk compares a key with its hash
// anew at each request, which takes it a twentieth of a second: hence the rate.
func (d *libredesk) Capabilities() desk.Capabilities {
	names := maps.Clone(d.settings.roles)
	names[provision.RoleNone] = "no role"
	return desk.Capabilities{
		RoleNames:         names,
		ChangeProfile:     true,
		ChangeRole:        true,
		ChangeTeams:       true,
		MailboxesByTeam:   true,
		Deactivate:        true,
		Delete:            true,
		AssignToTeam:      true,
		ConversationsIn:   provision.UnitMailbox,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsShown,
		SeatFreedBy:       desk.ByNothing,
		Logins:            desk.LoginsFound,
		Rate:              10,
		Remains:           remains,
	}
}

// clicks are for what the API cannot. Disabling ends sessions and turns the API key away, both
// at once.
var clicks = map[string]string{
	"change mailboxes": "Libredesk gives nobody an inbox of their own: what somebody sees follows from the role and the teams; let the rule name those, and see Admin > Teammates > Roles",
	"anonymize":        "Libredesk does not anonymize agents; use on_leave: deactivate, or on_leave: delete, which keeps the name at what the person wrote",
	"end sessions":     "Libredesk ends sessions only by disabling the agent: Admin > Teammates > Agents > (the agent) > clear \"Enabled\", have the person load a page, tick it again",
}

// remains is what is left of an agent who is disabled.
var remains = desk.Remains{
	Check: []string{"Automation rules and macros that assign to the person: Admin > Automations, Admin > Macros. The API key of an agent is revoked when Deskbridge disables them."},
	Stays: []string{"replies and notes, with the name"},
}
