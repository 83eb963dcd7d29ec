package zammad

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/provision"
)

// zammad is a [desk.Desk] on one Zammad.
type zammad struct {
	desk.Base
	*book
	kit.GroupTeams
	handover.Tickets
	edit.Inflow[provision.DeskUserID, *record]
	client   *kit.Client
	users    *users
	self     kit.Cached[*record]
	changes  edit.Writer[provision.DeskUserID, *record]
	patience kit.Patience // with a deletion
}

// book is what roles, groups and states of a Zammad mean by the settings.
type book struct {
	settings settings
	roles    *kit.Catalogue[role]
	standing named.Finder[role] // finds those of roles that stand for ours
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
	u := newUsers(c, s.mark)
	roles := named.Catalogue(func(r role) string { return r.Name }, all(c, "/roles", func(r role) int64 { return r.ID }))
	states := named.Catalogue(func(s state) string { return s.Name }, all(c, "/ticket_states", func(s state) int64 { return s.ID }))
	z := &zammad{
		Base: desk.Base{Name: vendor.Name, Clicks: clicks},
		book: &book{settings: s, roles: roles, groups: groupsOf(c), states: states,
			standing: named.Finder[role]{Vendor: vendor, What: "active role", At: "Manage > Roles", Among: roles, Not: (*role).off}},
		client:   c,
		users:    u,
		patience: kit.Patience{First: 200 * time.Millisecond, Most: time.Second, Looks: 4},
	}
	z.GroupTeams.Teams = z.groups
	z.changes = edit.Writer[provision.DeskUserID, *record]{Vendor: vendor, What: "user", Read: u.read, Write: z.write}
	z.Inflow = edit.Inflow[provision.DeskUserID, *record]{Users: &z.changes, Stop: z.outOfOffice, Resume: (*record).back, Stopping: "set out of office", Resuming: "set back into the office"}
	z.Tickets = handover.Tickets{Vendor: vendor, What: "user", Join: "it is inactive, no agent, or has no full access to that group; give FULL at Manage > Users > (the user)",
		Groups: z.groups, Owner: z.owner, Write: z.writeTicket, Deals: true,
		Read: handover.One(kit.One[ticket]{Client: c, What: "ticket", Path: "/tickets/", Is: func(t *ticket, _ string) bool { return t.Group > 0 }}, (*ticket).shown)}
	return z, nil
}

// Capabilities says what the API can do. A group is a team and a mailbox at once.
func (d *zammad) Capabilities() desk.Capabilities {
	return desk.Capabilities{ConversationsIn: provision.UnitTeam,
		RoleNames:         d.settings.roles.Names(),
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

// clicks are for what Zammad cannot: a group is a mailbox as well, and there is no call for one
// user's sessions. Who is inactive is turned away at the next click, and so are their access tokens.
var clicks = map[string]string{
	"change mailboxes": "a mailbox of Zammad is a group, and a group is a team here; let the rule name it under teams",
	"end sessions":     "Zammad turns away the sessions and access tokens of who is inactive; to end those of somebody who stays, delete them at System > Sessions",
}

// remains is what is left of a user who is inactive.
var remains = desk.Remains{
	Check: []string{
		"Access tokens of the person: Zammad turns them away while the user is inactive, and they work again on return. To end one for good: sign in as that user, (avatar) > Profile > Token Access, delete it.",
		"Triggers, schedulers and macros that give tickets to the person: Manage > Trigger, Manage > Scheduler, Manage > Macros.",
	},
	Stays: []string{"tickets and articles, with the name", "closed tickets that they own", "groups, which Zammad does not show of an inactive user"},
}

// settings is what an administrator configures, checked.
type settings struct {
	api         *url.URL // without a slash at the end
	token       string
	roles       named.Roles // none is what who has no access is left
	levels      []string    // of access to a group that a team gives, sorted
	mark        string      // attribute for our external id; "" is none
	replacement string      // e-mail address; "" is our own account
	invite      bool
	erases      bool // the desk's leavers are deleted or anonymized
}

// levels of access to a group that Zammad knows. full contains the others.
var levels = []string{"change", "create", full, "overview", "read"}

const full = "full"

var (
	// token is the form of access tokens, with room for other releases.
	token = kit.Token{Least: 16, Most: 256, Marks: "_-"}
	// attribute is the form of the names of attributes, which are columns of a database.
	attribute = regexp.MustCompile(`^[a-z][0-9a-z_]{1,59}$`)
	// ofZammad are attributes of users that Zammad has itself.
	ofZammad = []string{"active", "address", "city", "country", "department", "email", "fax", "firstname", "group_ids", "image", "image_source",
		"lastname", "login", "login_failed", "mobile", "note", "organization_id", "organization_ids", "out_of_office", "password", "phone", "preferences",
		"role_ids", "source", "street", "verified", "vip", "web", "zip"}
)

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{token: d.Secret, erases: d.OnLeave.ForGood() != "", roles: named.Roles{
		{Ours: provision.RoleAdmin, Key: "admin_role", Name: "Admin"},
		{Ours: provision.RoleAgent, Key: "agent_role", Name: "Agent"},
		{Ours: provision.RoleNone, Key: "customer_role", Name: "Customer"},
		{Ours: provision.RoleLimited, Key: "limited_role"},
	}}
	var wrong desk.Mistakes
	allowHTTP, access := false, full
	kit.ReadSettings(d.Settings, append(s.roles.Settings("role"), []kit.Setting{
		{Key: "group_access", Text: &access, Check: isAccess, Hint: "give full, or some of read, create, change and overview with commas between"},
		{Key: "external_id_attribute", Text: &s.mark, Check: isAttribute, Hint: "give the name of an attribute of your own making: small letters, digits and underscores"},
		{Key: "replacement", Text: &s.replacement, Check: isEmail, Hint: "give the e-mail address of a user of Zammad"},
		{Key: "invite", Flag: &s.invite},
		{Key: "allow_http", Flag: &allowHTTP},
	}...), &wrong)
	s.levels = readLevels(access)
	s.roles.CheckDiffer("role", &wrong)
	if !token.Is(d.Secret) {
		wrong.Add("secret", "give an access token of a user of Zammad: (avatar) > Profile > Token Access > Create")
	}
	s.api = kit.API(d.URL, "give Zammad's address, such as https://zammad.example.com", allowHTTP, &wrong, "api", "v1")
	return s, wrong.Err()
}

// readLevels returns the access levels of a list with commas between, sorted.
func readLevels(text string) []string {
	var out []string
	for word := range strings.SplitSeq(text, ",") {
		out = append(out, strings.ToLower(strings.TrimSpace(word)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func isAccess(text string) bool {
	all := readLevels(text)
	return !slices.ContainsFunc(all, func(l string) bool { return !slices.Contains(levels, l) }) && (len(all) == 1 || !slices.Contains(all, full))
}

func isAttribute(text string) bool {
	return attribute.MatchString(text) && !slices.Contains(ofZammad, text)
}
