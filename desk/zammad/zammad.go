package zammad

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// zammad is a [desk.Desk] on one Zammad.
type zammad struct {
	desk.Base
	*book
	kit.GroupTeams
	handover.Tickets
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
	u := &users{client: c, mark: s.mark}
	u.Book = people.Book[record]{Vendor: vendor, What: "user", At: "Manage > Users", Read: u.read, ID: (*record).id}
	z := &zammad{
		Base:     desk.Base{Name: vendor.Name},
		book:     &book{settings: s, roles: roleCatalogue(c), groups: groupsOf(c), states: stateCatalogue(c)},
		client:   c,
		users:    u,
		patience: kit.Patience{First: 200 * time.Millisecond, Most: time.Second, Looks: 4},
	}
	z.GroupTeams.Teams = z.groups
	z.Tickets = handover.Tickets{Vendor: vendor, What: "user", Join: "it is inactive, no agent, or has no full access to that group; give FULL at Manage > Users > (the user)",
		Groups: z.groups, Read: z.ticket, Owner: z.owner, Write: z.write, Deals: true}
	return z, nil
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

// settings is what an administrator configures, checked.
type settings struct {
	api         *url.URL // without a slash at the end
	token       string
	roles       map[provision.Role]string
	customer    string   // role of who has no access
	levels      []string // of access to a group that a team gives, sorted
	mark        string   // attribute for our external id; "" is none
	replacement string   // e-mail address; "" is our own account
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
	s := settings{token: d.Secret, erases: d.OnLeave.ForGood() != ""}
	var wrong desk.Mistakes
	allowHTTP, admin, agent, limited, access := false, "Admin", "Agent", "", full
	s.customer = "Customer"
	const name = "give the name of a role, or leave the setting out"
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: name},
		{Key: "agent_role", Text: &agent, Check: kit.NotEmpty, Hint: name},
		{Key: "customer_role", Text: &s.customer, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_role", Text: &limited},
		{Key: "group_access", Text: &access, Check: isAccess, Hint: "give full, or some of read, create, change and overview with commas between"},
		{Key: "external_id_attribute", Text: &s.mark, Check: isAttribute, Hint: "give the name of an attribute of your own making: small letters, digits and underscores"},
		{Key: "replacement", Text: &s.replacement, Check: isEmail, Hint: "give the e-mail address of a user of Zammad"},
		{Key: "invite", Flag: &s.invite},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.levels = readLevels(access)
	s.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
	if limited != "" {
		s.roles[provision.RoleLimited] = limited
	}
	all := []string{provision.Fold(admin), provision.Fold(agent), provision.Fold(s.customer), provision.Fold(limited)}
	slices.Sort(all)
	if len(slices.Compact(all)) < 4 {
		wrong.Add("settings", "admin_role, agent_role, limited_role and customer_role must be different roles")
	}
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
