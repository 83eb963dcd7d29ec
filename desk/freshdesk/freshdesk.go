package freshdesk

import (
	"context"
	"encoding/base64"
	"maps"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// freshdesk is a [desk.Desk] on one Freshdesk.
type freshdesk struct {
	desk.Base
	*directory
	kit.GroupTeams
	handover.Bulk
	states kit.Cached[[]string] // in which a ticket is open, by number
	seen   seen
}

// directory knows who and what there is.
type directory struct {
	settings settings
	client   *client
	agents   people.Book[record]
	groups   *kit.Groups
	roles    *kit.Catalogue[kit.Entry]
	known    map[int64]kept
	listed   kit.Shared[[]record]
}

// New returns a connector; it is a [desk.Factory]. URL is Freshdesk's address,
// Secret the API key of an admin.
//
// Settings, all optional:
//
//	admin_role    role that makes an admin; default "Administrator"
//	agent_role    role that agents get; default "Agent"
//	limited_role  role that limited users get; without it nobody is limited
//	ticket_scope  which tickets new agents see: "global", "group" (the default) or "restricted"
//	occasional    "true" makes new agents occasional ones, who use day passes
//	allow_http    "true" lets the key travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s)
	groups := &kit.Groups{Catalogue: catalogue(c, "group", "/groups"), None: noGroup}
	f := &freshdesk{Base: desk.Base{Name: vendor.Name}, GroupTeams: kit.GroupTeams{Teams: groups}, directory: &directory{settings: s, client: c, groups: groups, roles: catalogue(c, "role", "/roles")}}
	f.agents = people.Book[record]{Vendor: vendor, What: "agent", At: "Admin > Team > Agents", Read: f.read, ID: (*record).id}
	f.Bulk = f.handOver()
	return f, nil
}

// Capabilities says what the API can do. Freshdesk counts requests an hour, 3,000 on
// the smallest plan of today.
func (d *freshdesk) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:       maps.Clone(d.settings.roles),
		ChangeRole:      true,
		ChangeTeams:     true,
		MailboxesByTeam: true,
		Delete:          true,
		AssignToTeam:    true,
		ConversationsIn: provision.UnitTeam,
		OnDelete:        desk.Unassigns,
		SeatFreedBy:     desk.ByDelete,
		Logins:          desk.LoginsFound,
		Rate:            0.8,
	}
}

// SetProfile is unsupported: nobody's name or address can be changed by the API.
func (d *freshdesk) SetProfile(_ context.Context, id provision.DeskUserID, _ provision.DeskUser) error {
	return desk.Unsupported("change name or e-mail", "Freshdesk's API does not change name and address of agents; correct them in Freshworks' Neo Admin Center > Users > (user "+string(id)+") > Edit, or at Admin > Team > Agents > (the agent) > Edit")
}

// ChangeMailboxes is unsupported: the tickets that somebody sees are those of groups.
func (d *freshdesk) ChangeMailboxes(context.Context, provision.DeskUserID, []string, []string) error {
	return desk.Unsupported("change mailboxes", "Freshdesk gives nobody a mailbox of their own: what arrives at one goes to a group; let the rule name the group as a team, and see Admin > Team > Groups")
}

// SetActive is unsupported: the API neither deactivates nor reactivates.
func (d *freshdesk) SetActive(_ context.Context, id provision.DeskUserID, active bool) error {
	if active {
		return desk.Unsupported("reactivate", "Freshdesk's API does not reactivate agents: Admin > Team > Agents > Deactivated agents > (agent "+string(id)+") > Reactivate")
	}
	return desk.Unsupported("deactivate", "Freshdesk's API does not deactivate agents: hand over the open tickets, then Admin > Team > Agents > (agent "+string(id)+") > More > Deactivate; or use on_leave: delete, which makes a contact of the agent")
}

// Anonymize is unsupported: it would take the tickets along that the person has opened.
func (d *freshdesk) Anonymize(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("anonymize", "Freshdesk erases a person only with all tickets that the person has opened: use on_leave: delete, and then Contacts > (the contact) > Delete, and Delete forever")
}

// EndSessions is unsupported: Freshdesk has no call for it. Who is no agent any more
// gets in nowhere.
func (d *freshdesk) EndSessions(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("end sessions", "Freshdesk's API ends no sessions; they end when the agent is deleted or deactivated, or in Freshworks' Neo Admin Center > Security > Sessions")
}

// settings is what an administrator configures, checked.
type settings struct {
	api           *url.URL // without a slash at the end
	authorization string   // value of the header
	roles         map[provision.Role]string
	scope         int // which tickets new agents see: one of scopes
	occasional    bool
}

// scopes are which tickets agents see, by the word for it in settings.
var scopes = map[string]int{"global": globalScope, "group": 2, "restricted": 3}

const globalScope = 1

// apiKey is the form of a key, with or without what stands for a password.
var apiKey = kit.Token{Least: 8, Most: 256, Marks: "_-"}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{}
	var wrong desk.Mistakes
	allowHTTP, admin, agent, limited, scope := false, "Administrator", "Agent", "", "group"
	const name = "give the name of a role, or leave the setting out"
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: name},
		{Key: "agent_role", Text: &agent, Check: kit.NotEmpty, Hint: name},
		{Key: "limited_role", Text: &limited},
		{Key: "ticket_scope", Text: &scope, Check: func(text string) bool { return scopes[text] != 0 }, Hint: "give global, group or restricted"},
		{Key: "occasional", Flag: &s.occasional},
		{Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	s.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
	if limited != "" {
		s.roles[provision.RoleLimited] = limited
	}
	s.scope = scopes[scope]
	if people.SameText(admin, agent) || people.SameText(agent, limited) || people.SameText(limited, admin) || isOwners(admin) || isOwners(agent) || isOwners(limited) {
		wrong.Add("settings", "admin_role, agent_role and limited_role must be different roles, and none that of account administrators")
	}
	if key := strings.TrimSuffix(d.Secret, ":X"); apiKey.Is(key) {
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":X"))
	} else {
		wrong.Add("secret", "give the API key of an admin of Freshdesk: (the picture at the top) > Profile settings > View API key")
	}
	s.api = kit.API(d.URL, "give Freshdesk's address, such as https://example.freshdesk.com", allowHTTP, &wrong, "api", "v2")
	return s, wrong.Err()
}
