package chatwoot

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// chatwoot is a [desk.Desk] on one account of a Chatwoot.
type chatwoot struct {
	desk.Base
	client *client
	places *places
	self   kit.Cached[profile]

	patience kit.Patience // with a new agent
}

// New returns a connector; it is a [desk.Factory]. URL is Chatwoot's address,
// Secret the access token of an administrator of the account.
//
// Settings:
//
//	account     number of the account, as in the address /app/accounts/3; required
//	allow_http  "true" lets the token travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s)
	return &chatwoot{Base: desk.Base{Name: vendor.Name}, client: c, places: newPlaces(c),
		patience: kit.Patience{First: 200 * time.Millisecond, Most: 1600 * time.Millisecond, Looks: 5}}, nil
}

// Capabilities says what the API can do.
func (d *chatwoot) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:       map[provision.Role]string{provision.RoleAgent: "agent", provision.RoleAdmin: "administrator"},
		ChangeRole:      true,
		ChangeTeams:     true,
		ChangeMailboxes: true,
		Delete:          true,
		AssignToTeam:    true,
		ConversationsIn: provision.UnitMailbox,
		OnDelete:        desk.Unassigns,
		SeatFreedBy:     desk.ByDelete,
		AdminsSeeAll:    true,
		Remains:         remains,
		Rate:            15, // Chatwoot takes 3,000 a minute from an address, which others share
	}
}

// SetActive is unsupported: there is no inactive agent.
func (d *chatwoot) SetActive(context.Context, provision.DeskUserID, bool) error {
	return desk.Unsupported("deactivate or reactivate", "Chatwoot knows no inactive agents: use on_leave: delete, which keeps what the person wrote, or delete the agent by hand at Settings > Agents")
}

// Anonymize is unsupported.
func (d *chatwoot) Anonymize(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("anonymize", "Chatwoot does not anonymize agents; use on_leave: delete, which keeps the name at what the person wrote")
}

// EndSessions is unsupported: Chatwoot has no call for it. Who is deleted has no
// access to the account from the next click on.
func (d *chatwoot) EndSessions(context.Context, provision.DeskUserID) error {
	return desk.Unsupported("end sessions", "Chatwoot ends the sessions of an agent when the password is changed: the person does it at Profile Settings > Password, or an operator of the server in the Super Admin Console > Users")
}

// settings is what an administrator configures, checked.
type settings struct {
	api     *url.URL // without a slash at the end
	account string   // its number
	token   string
}

// token is the form of access tokens, with room for other releases.
var token = kit.Token{Least: 16, Most: 256, Marks: "_-"}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{token: d.Secret}
	var wrong desk.Mistakes
	allowHTTP := false
	kit.ReadSettings(d.Settings, []kit.Setting{{Key: "account", Text: &s.account}, {Key: "allow_http", Flag: &allowHTTP}}, &wrong)
	if !kit.IsNumber(s.account) {
		wrong.Add("settings.account", "give the number of the account: it is in the address of every page, as 3 in /app/accounts/3/dashboard")
	}
	if !token.Is(d.Secret) {
		wrong.Add("secret", "give the access token of an administrator of the account: Profile Settings > Access Token")
	}
	home, advice := kit.Address(d.URL, "give Chatwoot's address, such as https://chat.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return settings{}, wrong.Err()
	}
	s.api = home.JoinPath("api", "v1")
	return s, wrong.Err()
}

// profile is our own account, as the token's owner.
type profile struct {
	ID       int64  `json:"id"`
	Role     string `json:"role"`
	Accounts []struct {
		ID   int64  `json:"id"`
		Role string `json:"role"`
	} `json:"accounts"`
}

// me reads our own account.
func (d *chatwoot) me(ctx context.Context) (profile, error) {
	var p profile
	err := d.client.Get(ctx, "/profile", nil, &p)
	if err == nil && p.ID <= 0 {
		err = desk.Errorf(desk.Retryable, "there is no Chatwoot at the desk's URL; give the address at which people open it")
	}
	return p, err
}

// Check tries the token, and looks whether its owner administers the account. It
// writes nothing.
func (d *chatwoot) Check(ctx context.Context) (desk.Profile, error) {
	me, err := d.me(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: userID(me.ID)}
	role := ""
	if len(me.Accounts) == 0 { // an early release
		role = me.Role
	}
	for _, a := range me.Accounts {
		if fmt.Sprint(a.ID) == d.client.account {
			role = a.Role
		}
	}
	if role != administrator {
		p.Problemf("the owner of the access token is no administrator of account %s: choose Administrator at Settings > Agents > (the service account) > Edit, or correct the setting account", d.client.account)
		return p, nil
	}
	for _, k := range []kind{teams, inboxes} {
		all, err := d.places.of[k].Reread(ctx)
		if err != nil {
			return p, err
		}
		if k == teams {
			p.Teams = names(all)
		} else {
			p.Mailboxes = names(all)
		}
	}
	return p, nil
}

// remains is what is left of an agent who is deleted.
var remains = desk.Remains{
	Check: []string{
		"Automation rules and macros that assign to the person: Settings > Automation, Settings > Macros.",
		"Other accounts of the same Chatwoot that the person is in: the Super Admin Console > Users > (the user).",
	},
	Stays: []string{"messages and private notes, with the name"},
}
