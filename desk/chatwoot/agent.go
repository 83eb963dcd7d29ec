package chatwoot

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Chatwoot's words for roles.
const (
	administrator = "administrator"
	plainAgent    = "agent"
)

var words = map[provision.Role]string{provision.RoleAgent: plainAgent, provision.RoleAdmin: administrator}

// agent is a user of the account as Chatwoot shows it.
type agent struct {
	ID           int64           `json:"id"`
	Account      int64           `json:"account_id"`
	Email        string          `json:"email"`
	Name         string          `json:"name"`
	Role         string          `json:"role"`
	CustomRole   json.RawMessage `json:"custom_role_id"` // null, or not there: none
	Availability string          `json:"availability_status"`
	AutoOffline  bool            `json:"auto_offline"`
	Confirmed    *bool           `json:"confirmed"` // the invitation was taken
}

func userID(id int64) provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(id, 10)) }

func (a *agent) id() provision.DeskUserID { return userID(a.ID) }

// role returns the agent's role. One that is not known, or of an account's own
// making, gives access, and counts as an agent's.
func (a *agent) role() provision.Role {
	if a.Role == administrator {
		return provision.RoleAdmin
	}
	return provision.RoleAgent
}

// custom reports whether somebody has given the agent a role that rules do not know.
func (a *agent) custom() bool {
	return a.Role != administrator && a.Role != plainAgent || len(a.CustomRole) > 0 && string(a.CustomRole) != "null"
}

// agents returns all agents of the account. Our own account is always among them:
// a list without it is not all there is.
func (d *chatwoot) agents(ctx context.Context) ([]agent, error) {
	me, err := d.self.Get(ctx, time.Hour, d.me)
	if err != nil {
		return nil, err
	}
	var all []agent
	if err := d.client.Get(ctx, d.client.path("/agents"), nil, &all); err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.ID <= 0 || a.Email == "" || a.Role == "" {
			return nil, desk.Errorf(desk.Retryable, "Chatwoot does not show number, address and role of an agent; is a proxy in the way?")
		}
	}
	all = slices.DeleteFunc(all, func(a agent) bool { return a.Account > 0 && strconv.FormatInt(a.Account, 10) != d.client.account })
	if !slices.ContainsFunc(all, func(a agent) bool { return a.ID == me.ID }) {
		return nil, desk.Errorf(desk.Retryable, "Chatwoot's list of agents lacks the owner of the access token, and so maybe others; is a proxy in the way, or the setting account wrong?")
	}
	slices.SortFunc(all, func(a, b agent) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b agent) bool { return a.ID == b.ID }), nil
}

// read returns the agent with a number. An unknown number is NotFound. Chatwoot shows
// agents on a list only.
func (d *chatwoot) read(ctx context.Context, id provision.DeskUserID) (*agent, error) {
	all, err := d.agents(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(a agent) bool { return a.id() == id }); i >= 0 {
		return &all[i], nil
	}
	return nil, desk.Errorf(desk.NotFound, "account %s of Chatwoot has no agent %q", d.client.account, string(id))
}

// byEmail returns the agent with an e-mail address; nil when there is none.
func (d *chatwoot) byEmail(ctx context.Context, email string) (*agent, error) {
	if !strings.Contains(email, "@") {
		return nil, nil
	}
	all, err := d.agents(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a agent) bool { return !sameText(a.Email, email) })
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return &all[0], nil
	}
	return nil, vendor.Several([]string{string(all[0].id()), string(all[1].id())}, "have the same e-mail address", "Settings > Agents")
}

// Find looks an agent up by number, then by e-mail.
func (d *chatwoot) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	a, err := desk.FindBy(ctx, key, d.read, nil, d.byEmail)
	if a == nil || err != nil {
		return nil, err
	}
	return d.user(ctx, a)
}

// user translates a record, with where the agent is.
func (d *chatwoot) user(ctx context.Context, a *agent) (*provision.DeskUser, error) {
	in, err := d.places.all(ctx, d.places.age(), false)
	if err != nil {
		return nil, err
	}
	return a.user(in), nil
}

func (a *agent) user(in membership) *provision.DeskUser {
	return &provision.DeskUser{ID: a.id(), Email: a.Email, UserName: a.Email, DisplayName: a.Name, Active: true, Role: a.role(), Accepted: a.Confirmed,
		Teams: in.names(teams, a.ID), Mailboxes: in.names(inboxes, a.ID)}
}

// These keep Chatwoot's pages readable, in characters.
const (
	maxNameLength  = 255
	maxEmailLength = 255
)

// Fit returns want as Chatwoot keeps it: one name for the whole person, and nothing
// of title, phone and time zone.
//
// Somebody whose name is not said at all keeps the one on the desk.
func (d *chatwoot) Fit(want provision.DeskUser) provision.DeskUser {
	shown := cmp.Or(kit.OneLine(want.DisplayName), kit.OneLine(want.GivenName+" "+want.FamilyName))
	want.GivenName, want.FamilyName, want.Title, want.Phone, want.Timezone = "", "", "", "", ""
	want.DisplayName = kit.CutRunes(shown, maxNameLength)
	return want
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// checkEmail refuses what Chatwoot refuses.
func checkEmail(email string) error {
	if !kit.IsEmail(email, maxEmailLength) {
		return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address that Chatwoot takes: something before and after one @, at most 255 characters"}
	}
	return nil
}

var (
	_ desk.Lister        = (*chatwoot)(nil)
	_ desk.Numbered      = (*chatwoot)(nil)
	_ desk.InflowStopper = (*chatwoot)(nil)
	_ desk.Seats         = (*chatwoot)(nil)
)

// List implements [desk.Lister]: all are on one page.
func (d *chatwoot) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	if cursor != "" {
		return nil, "", desk.NoCursor()
	}
	all, err := d.agents(ctx)
	if err != nil {
		return nil, "", err
	}
	in, err := d.places.all(ctx, 0, true)
	if err != nil {
		return nil, "", err
	}
	users := make([]provision.DeskUser, len(all))
	for i := range all {
		users[i] = *all[i].user(in)
	}
	return users, "", nil
}

// Admins counts the administrators.
func (d *chatwoot) Admins(ctx context.Context) (admins int, _ error) {
	all, err := d.agents(ctx)
	for i := range all {
		if all[i].role() == provision.RoleAdmin {
			admins++
		}
	}
	return admins, err
}

// Seats implements [desk.Seats]: each agent takes one. Chatwoot does not tell how many
// there are.
func (d *chatwoot) Seats(ctx context.Context) (used, limit int, _ error) {
	all, err := d.agents(ctx)
	return len(all), 0, err
}

// TeamMembers returns the agents in a team, in order of number.
func (d *chatwoot) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	t, err := d.places.of[teams].Find(ctx, team)
	if err == nil && t == nil {
		err = noPlace(desk.NotFound, teams, team)
	}
	if err != nil {
		return nil, err
	}
	in, err := d.places.members(ctx, *t, 0)
	if err != nil {
		return nil, err
	}
	all, err := d.agents(ctx)
	var ids []provision.DeskUserID
	for i := range all {
		if in[all[i].ID] {
			ids = append(ids, all[i].id())
		}
	}
	return ids, err
}

// Units implements [desk.Numbered].
func (d *chatwoot) Units(ctx context.Context) (named, boxes []desk.Unit, err error) {
	for k, out := range map[kind]*[]desk.Unit{teams: &named, inboxes: &boxes} {
		all, err := d.places.of[k].List(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range all {
			*out = append(*out, desk.Unit{ID: strconv.FormatInt(p.ID, 10), Name: p.Name})
		}
	}
	return named, boxes, nil
}
