package requesttracker

import (
	"cmp"
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// rt is a [desk.Desk] on one Request Tracker.
type rt struct {
	desk.Base
	kit.GroupTeams
	settings    settings
	client      *client
	groups      *groups
	standing    named.Finder[kit.Entry] // finds those of groups that stand for roles
	users       *people.Book[record]
	memberships *roster.Directory // by groups, of disabled users too
	listed      kit.Snapshot[*unlisted]
}

// New returns a connector; it is a [desk.Factory]. URL is the address of RT's
// home page, Secret an authentication token of the service account.
//
// Settings, all optional:
//
//	external_id_field  custom field on users that keeps our external id; default "SCIM external id"
//	admin_group        group whose members are admins; default "Desk Admins"
//	agent_group        group whose members are agents; without it every privileged user is one
//	limited_group      group whose members are limited; without it RT has no such role
//	team_queues        queues that groups open: "Team: Queue, Queue; Team: Queue"
//	allow_http         "true" lets the token travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s.api, s.token)
	groups := groupsOf(c)
	r := &rt{Base: desk.Base{Name: "Request Tracker", Clicks: clicks}, GroupTeams: kit.GroupTeams{Teams: groups.Groups}, settings: s, client: c, groups: groups,
		standing: named.Finder[kit.Entry]{Vendor: vendor, What: "group", At: makeGroup, Among: groups.Catalogue}}
	r.memberships = roster.New(roster.Config{Vendor: vendor, Fold: provision.Fold, Age: named.Age, Parallel: maxParallel, Longest: longestWait, Teams: roster.Source{
		Word: "groups", List: groups.Reread, Members: func(ctx context.Context, group int64) ([]int64, error) { return groups.members(ctx, group, true) }}})
	r.users = &people.Book[record]{Vendor: vendor, What: "user", At: "Admin > Users (…/Admin/Users/Modify.html?id=NUMBER)", Read: r.read, ID: (*record).id, ByEmail: r.holder, Address: "e-mail address or name"}
	return r, nil
}

// Capabilities says what REST 2.0 can do.
func (d *rt) Capabilities() desk.Capabilities {
	names := map[provision.Role]string{provision.RoleNone: "unprivileged user", provision.RoleAgent: "privileged user"}
	for role, group := range d.settings.groups.Names() {
		names[role] = "privileged user in " + group
	}
	return desk.Capabilities{ConversationsIn: provision.UnitMailbox,
		RoleNames:         names,
		ChangeProfile:     true,
		ChangeRole:        true,
		ChangeTeams:       true,
		MailboxesByTeam:   true,
		Deactivate:        true,
		ExternalID:        true,
		Rate:              40, // to a few prefork processes
		OnDeactivate:      desk.Keeps,
		TeamsWhenInactive: desk.TeamsShown,
		SeatFreedBy:       desk.ByNothing,
		Remains:           remains,
	}
}

// The widths of RT's columns on users. RT cuts what is longer without a word,
// counting bytes of UTF-8.
const (
	maxEmailBytes    = 120
	maxRealNameBytes = 120
	maxPhoneBytes    = 30
	maxTimezoneBytes = 50
)

// Fit returns want as RT keeps it: one name for the whole person, no title, and
// no longer than its columns.
func (d *rt) Fit(want provision.DeskUser) provision.DeskUser {
	want.DisplayName = keep(cmp.Or(want.DisplayName, want.GivenName+" "+want.FamilyName), maxRealNameBytes)
	want.GivenName, want.FamilyName, want.Title = "", "", ""
	want.Phone = keep(want.Phone, maxPhoneBytes)
	want.Timezone = keep(want.Timezone, maxTimezoneBytes)
	return want
}

// keep returns text as a column of so many bytes keeps it.
func keep(text string, bytes int) string { return kit.CutBytes(kit.OneLine(text), bytes) }

// clicks are for what REST 2.0 cannot: its DELETE of a user means disable, and disabling ends no
// browser session that is open. Leaving all groups takes away what a session may do, at once.
var clicks = map[string]string{
	"delete":           "Request Tracker never deletes users, for the sake of its history; use on_leave: deactivate. To erase a person, an administrator runs RT's shredder (Admin > Tools > Shredder)",
	"anonymize":        "Request Tracker anonymizes by hand only: Admin > Users > (the user) > Anonymize User; use on_leave: deactivate",
	"end sessions":     "Request Tracker cannot end a browser session; one that is open loses its rights with the user's last group. Remove the user from all groups: Admin > Groups > (the group) > Members",
	"change mailboxes": "in Request Tracker access to queues follows from groups: give the group its rights at Admin > Queues > (the queue) > Group Rights, and let the rule name the group as a team",
}

// remains is what is left of a user who is disabled.
var remains = desk.Remains{
	Check: []string{
		"An open browser: RT does not end a session when its user is disabled, and what a group that no rule names may do goes on in it until it runs out. Admin > Users > (the user) > Memberships must be empty.",
		"Rights that were granted to the user and not to a group: Admin > Users > (the user) > User Rights.",
		"Auth tokens of a disabled user do not work; they are at Admin > Users > (the user) > Auth Tokens.",
	},
	Stays: []string{"tickets, replies and comments, with the name", "saved searches and dashboards"},
}
