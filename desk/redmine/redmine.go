package redmine

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// redmine is a [desk.Desk] on one Redmine.
type redmine struct {
	desk.Base
	desk.Numbered // teams are groups, mailboxes active projects
	names
	client    *kit.Client
	directory *roster.Directory // groups and active projects
	users     people.Book[record]
	marks     people.Marks[record]
	changes   edit.Writer[provision.DeskUserID, *record]
	listed    kit.Snapshot[*roster.Membership]
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
func New(of provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(of)
	if err != nil {
		return nil, err
	}
	c := newClient(s.home, s.key)
	directory := newDirectory(c)
	d := &redmine{Base: desk.Base{Name: vendor.Name}, Numbered: directory, names: newNames(c, s, directory), client: c, directory: directory}
	d.users = people.Book[record]{Vendor: vendor, What: "user", At: "Administration > Users", Address: "e-mail address or login", Read: d.read, ID: (*record).id, ByEmail: d.byEmail}
	d.changes = edit.Writer[provision.DeskUserID, *record]{Vendor: vendor, What: "user", Read: d.read, Write: d.write}
	// Redmine cannot be asked for the value of a custom field: 5.0 ignores the filter and answers with everybody.
	d.marks = people.Marks[record]{
		Book: &d.users, Users: d.inStates(url.Values{"sort": {"created_on:desc,login:desc"}}, statuses[:]...), Age: time.Hour,
		Of: func(r *record) string { return r.externalID(s.externalIDField) }, Both: "carry the same value in " + s.externalIDField,
	}
	return d, nil
}

// Capabilities says what the REST API can do.
func (d *redmine) Capabilities() desk.Capabilities {
	names := map[provision.Role]string{
		provision.RoleAgent: "user, " + d.settings.roles.Of(provision.RoleAgent) + " in projects",
		provision.RoleAdmin: "administrator",
	}
	if d.settings.limits() {
		names[provision.RoleLimited] = "user in " + d.settings.groups.Of(provision.RoleLimited) + ", " + d.settings.roles.Of(provision.RoleLimited) + " in projects"
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

// settings is what an administrator configures, checked.
type settings struct {
	home *url.URL // Redmine's home page, without a slash at the end
	key  string   // API key of the service account

	externalIDField string      // name of the custom field on users that keeps our external id
	roles           named.Roles // of agents, and of limited users, in the projects that rules name
	groups          named.Roles // the one whose members are limited, if there is one
	assignToTeams   bool
}

// limits reports whether there is a group of limited users.
func (s *settings) limits() bool { return s.groups.Of(provision.RoleLimited) != "" }

// apiKey is the form of Redmine's keys, 40 hexadecimal digits, with room for
// releases that make them longer.
var apiKey = kit.Token{Least: 32, Most: 128}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret, externalIDField: "SCIM external id", roles: named.Roles{ // as in Redmine's default configuration in English
		{Ours: provision.RoleAgent, Key: "agent_role", Name: "Developer"},
		{Ours: provision.RoleLimited, Key: "limited_role", Name: "Reporter"},
	}, groups: named.Roles{{Ours: provision.RoleLimited, Key: "limited_group"}}}
	var wrong desk.Mistakes
	allowHTTP := false
	kit.ReadSettings(d.Settings, slices.Concat(s.roles.Settings("role"), s.groups.Settings("group"), []kit.Setting{
		{Key: "external_id_field", Text: &s.externalIDField, Check: kit.NotEmpty, Hint: "give a name, or leave the setting out"},
		{Key: "assign_to_teams", Flag: &s.assignToTeams},
		{Key: "allow_http", Flag: &allowHTTP},
	}), &wrong)
	if s.limits() {
		s.roles.CheckDiffer("role", &wrong)
	}
	if !apiKey.Is(d.Secret) {
		wrong.Add("secret", "give the API key of an administrator of Redmine: 40 letters and digits, at My account > API access key > Show")
	}
	s.home = kit.API(d.URL, "give the address of Redmine's home page, such as https://redmine.example.com", allowHTTP, &wrong)
	return s, wrong.Err()
}
