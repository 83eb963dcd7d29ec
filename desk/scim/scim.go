package scim

import (
	"context"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// provider is a [desk.Desk] on one SCIM service provider.
type provider struct {
	desk.Base
	settings settings
	client   *client
	found    kit.Cached[discovery]
	everyone kit.Shared[[]record] // for those whom no filter finds
	groups   *kit.Catalogue[group]
	member   kit.Shared[string]             // how memberships are learned
	inGroups kit.Shared[map[string][]group] // by user, where members have to be read
	lately   sync.Map                       // when users were last read, by id
	turn     kit.Turn                       // of who replaces a group
}

const (
	discoveryAge = 10 * time.Minute
	// catalogueAge is how long what is on the desk is taken for true: a run asks
	// several times.
	catalogueAge = 10 * time.Second
	// methodAge is how long a way to learn memberships is taken for the right one.
	methodAge = time.Hour
)

// New returns a connector; it is a [desk.Factory]. URL is the base URL of the
// service provider, Secret the token that it gives out.
//
// Settings, all optional:
//
//	auth             bearer (default), or basic: the secret is USER:PASSWORD
//	service_account  userName or address of an account that is never touched
//	role_attribute   where roles stand: roles (default), entitlements, another attribute, none
//	admin_role       its value for admins; default "admin"
//	agent_role       its value for agents; default "agent"; empty: agents have none
//	limited_role     its value for limited users; without it nobody is limited
//	ignored_roles    values that say nothing of a role, with commas between
//	attributes       which of display_name, title, phone and timezone the desk keeps; default display_name
//	teams            "false": the desk has no groups
//	memberships      how it is learned in which groups somebody is; default: found out
//	conversations    by_hand (default): a leaver's are a task; none: there are none, or the desk sees to them
//	allow_http       "true" lets the token travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	p := &provider{Base: desk.Base{Name: "SCIM"}, settings: s, client: newClient(s)}
	p.groups = &kit.Catalogue[group]{
		Age: catalogueAge, Read: p.listGroups,
		Name: func(g group) string { return g.name }, Fold: provision.Fold,
		Several: func(n int, name string) error {
			return desk.Errorf(desk.Permanent, "the desk has %d groups %q; rename all but one", n, name)
		},
	}
	return p, nil
}

// Capabilities says what SCIM is for. What becomes of conversations SCIM does not say.
// Nobody can hand them over from here, and so access does not wait for that: they
// count as kept when the user is deactivated, and not when the user is deleted.
func (p *provider) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:         p.settings.roleNames(),
		ChangeProfile:     true,
		ChangeRole:        p.settings.role.name != "",
		ChangeTeams:       p.settings.teams,
		MailboxesByTeam:   true,
		Deactivate:        true,
		Delete:            true,
		ExternalID:        true,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsShown,
		Rate:              5,
	}
}

// ChangeMailboxes is unsupported: SCIM knows no mailboxes.
func (p *provider) ChangeMailboxes(context.Context, provision.DeskUserID, []string, []string) error {
	return desk.Unsupported("change mailboxes", "SCIM knows no mailboxes: what somebody sees follows from role and groups on the desk; let the rule name a group as a team, and give that group its mailboxes on the desk by hand")
}

// Anonymize is unsupported.
func (p *provider) Anonymize(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("anonymize", "SCIM cannot anonymize; use on_leave: deactivate or delete, and erase the person on the desk by hand")
}

// EndSessions is unsupported. Most desks end sessions when a user is deactivated.
func (p *provider) EndSessions(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("end sessions", "SCIM has no call to end sessions; end them on the desk by hand, at the person in its user administration")
}

// OpenConversations is unsupported, unless the settings say that there are none to
// hand over.
func (p *provider) OpenConversations(context.Context, provision.DeskUserID, int) ([]desk.Conversation, error) {
	if !p.settings.conversations {
		return nil, nil
	}
	return nil, desk.Unsupported("list conversations", "SCIM shows no conversations, so nobody here knows how many are open; on the desk, search for what is assigned to the person and give it to somebody else")
}

// Assign is unsupported.
func (p *provider) Assign(context.Context, string, desk.Assignee) error {
	return desk.Unsupported("assign conversations", "SCIM assigns no conversations; assign it on the desk by hand")
}
