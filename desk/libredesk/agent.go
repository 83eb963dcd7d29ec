package libredesk

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// entry is something with a number and a name: a role, a team or a status.
type entry struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	rights
	Category string `json:"category"` // of a status; releases before 2 have none
}

// rights are those of a role, or of all roles of an agent together.
type rights struct {
	Permissions []string `json:"permissions"`
}

func (r rights) may(permission string) bool { return slices.Contains(r.Permissions, permission) }

// administers reports whether they let somebody take any right.
func (r rights) administers() bool { return r.may(manageUsers) || r.may(manageRoles) }

// catalogueAge is how long what is on the desk is taken for true: a run asks
// several times.
const catalogueAge = 10 * time.Second

// catalogue returns the catalogue of what is at path, which is called what.
// Libredesk keeps names apart that differ in letter case.
func catalogue(c *client, what, path string) *kit.Catalogue[entry] {
	return &kit.Catalogue[entry]{
		Age: catalogueAge, Read: func(ctx context.Context) ([]entry, error) {
			all, err := list[entry](ctx, c, path)
			slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.ID, b.ID) }) // it has no order of its own
			return all, err
		},
		Name: func(e entry) string { return e.Name }, Fold: provision.Fold,
		Several: func(_ int, name string) error {
			return desk.Errorf(desk.Permanent, "Libredesk has more than one %s %q, in different letter case; rename all but one", what, name)
		},
	}
}

// names returns the names of entries, sorted.
func names(entries []entry) (out []string) {
	for _, e := range entries {
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return out
}

// Libredesk's permissions as far as they matter here.
const (
	manageUsers = "users:manage" // and with it, to give oneself any role
	manageRoles = "roles:manage" // and with it, to give one's role any permission
	readAny     = "conversations:read"
	readAll     = "conversations:read_all"
	readOwn     = "conversations:read_assigned"
	readTeams   = "conversations:read_team_all"
	assignUser  = "conversations:update_user_assignee"
	assignTeam  = "conversations:update_team_assignee"
)

// Of the states in which somebody may be, these matter here. Libredesk gives
// who is away and reassigning no conversation, and takes those away that are
// answered; who is offline is online with the next click.
const (
	reassigning = "away_and_reassigning"
	offline     = "offline"
)

// systemEmail is in the place of an address where Libredesk's own account has
// it: with all rights, and not to be deleted.
const systemEmail = "System"

// agent is a user. A list shows it without availability, roles, teams and
// permissions.
type agent struct {
	ID           int64    `json:"id"`
	Type         string   `json:"type"`
	Email        string   `json:"email"`
	First        string   `json:"first_name"`
	Last         string   `json:"last_name"`
	Enabled      *bool    `json:"enabled"`
	Availability string   `json:"availability_status"`
	Roles        []string `json:"roles"`
	Teams        *[]entry `json:"teams"`
	rights
	APIKey     string     `json:"api_key"`
	UpdatedAt  time.Time  `json:"updated_at"`
	MadeAt     kit.Moment `json:"created_at"`
	LastLogin  kit.Moment `json:"last_login_at"`
	LastActive kit.Moment `json:"last_active_at"`
	readAt     time.Time  // by Libredesk's clock; zero: it does not say
}

func (a *agent) id() provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(a.ID, 10)) }

// complete fails when Libredesk shows less of a user than it should: to take
// what is missing for "disabled" or "in no team" would be a lie.
func (a *agent) complete() error {
	if a.Enabled == nil || a.Teams == nil || a.Availability == "" {
		return desk.Errorf(desk.Retryable, "Libredesk does not show state, teams and availability of user %d; is a proxy in the way?", a.ID)
	}
	return nil
}

func (a *agent) memberOf(team entry) bool {
	return slices.ContainsFunc(*a.Teams, func(t entry) bool { return t.ID == team.ID })
}

// roleOf returns the role that a record shows. Who may manage users or roles is an
// admin, whatever the role's name: they can make themselves one. Who has only
// roles that we do not govern has access, and counts as an agent.
func (d *libredesk) roleOf(a *agent) provision.Role {
	has := func(role provision.Role) bool {
		name := d.settings.roles[role]
		return name != "" && slices.ContainsFunc(a.Roles, func(r string) bool { return sameText(r, name) })
	}
	switch {
	case a.Email == systemEmail:
		return provision.RoleOwner
	case has(provision.RoleAdmin), a.administers():
		return provision.RoleAdmin
	case has(provision.RoleAgent):
		return provision.RoleAgent
	case has(provision.RoleLimited):
		return provision.RoleLimited
	case len(a.Roles) > 0:
		return provision.RoleAgent
	}
	return provision.RoleNone
}

// user translates a record.
func (d *libredesk) user(a *agent) *provision.DeskUser {
	return &provision.DeskUser{
		ID: a.id(), Email: a.Email, UserName: a.Email,
		DisplayName: people.ShownName(a.First, a.Last), GivenName: a.First, FamilyName: a.Last,
		Active: *a.Enabled, Role: d.roleOf(a), Teams: names(*a.Teams), DeskRoles: d.settings.deskRoles(a),
		MadeAt: a.MadeAt.Time, LastLogin: a.LastLogin.Time, LastActive: a.LastActive.Time,
	}
}

// Libredesk's limits, in characters.
const (
	maxNameLength  = 140
	maxEmailLength = 320
)

// Fit returns want as Libredesk keeps it: a first name, which may not be empty,
// and a last name. It has no place for an agent's title, phone and time zone.
//
// Somebody whose name is not said at all keeps the one on the desk.
func (d *libredesk) Fit(want provision.DeskUser) provision.DeskUser {
	want.Title, want.Phone, want.Timezone = "", "", ""
	want = people.TwoNames(want, func(name string) string { return kit.CutRunes(name, maxNameLength) })
	return want
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// role returns Libredesk's role for one of ours; an error where it has none.
func (d *libredesk) role(ctx context.Context, of provision.Role) (*entry, error) {
	name := d.settings.roles[cmp.Or(of, provision.RoleNone)]
	if name == "" {
		return nil, desk.Errorf(desk.Permanent, "no role of Libredesk stands for %s here: let the rule grant agent or admin, or limited once limited_role is set on the desk", cmp.Or(of, provision.RoleNone))
	}
	role, err := d.roles.Find(ctx, name)
	if err == nil && role == nil {
		err = desk.Errorf(desk.Permanent, "Libredesk has no role %q; make it at Admin > Teammates > Roles > New role, or correct the setting %s_role", name, of)
	}
	return role, err
}

func noTeam(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "Libredesk has no team %q; make it at Admin > Teammates > Teams > New team, or correct the rule", name)
}

// team returns the team with a name; where there is none, an error of a kind.
func (d *libredesk) team(ctx context.Context, kind desk.Kind, name string) (*entry, error) {
	t, err := d.teams.Find(ctx, name)
	if err == nil && t == nil {
		err = noTeam(kind, name)
	}
	return t, err
}

func (d *libredesk) resolve(ctx context.Context, add, remove []string) (kit.Difference[entry], error) {
	return kit.Resolve(ctx, d.teams.Find, add, remove, func(name string) error { return noTeam(desk.Permanent, name) })
}

var _ desk.RoleChanger = (*libredesk)(nil)

// Roles implements [desk.RoleChanger]: all but those that stand for a role of ours,
// which SetRole gives. Whoever may manage users or roles by one is an admin.
func (d *libredesk) Roles(ctx context.Context) ([]desk.RoleInfo, error) {
	all, err := d.roles.List(ctx)
	if err != nil {
		return nil, err
	}
	return d.settings.ownRoles(all), nil
}

func (s *settings) ownRoles(all []entry) (roles []desk.RoleInfo) {
	for _, r := range all {
		if s.governs(r.Name) {
			continue
		}
		info := desk.RoleInfo{ID: strconv.FormatInt(r.ID, 10), Title: r.Name, Rank: provision.RoleAgent}
		if r.administers() {
			info.Rank = provision.RoleAdmin
		}
		roles = append(roles, info)
	}
	slices.SortFunc(roles, func(a, b desk.RoleInfo) int { return strings.Compare(a.Title, b.Title) })
	return roles
}

// deskRoles are those of an agent's roles that stand for none of ours, sorted.
func (s *settings) deskRoles(a *agent) []string {
	var own []string
	for _, name := range a.Roles {
		if !s.governs(name) {
			own = append(own, name)
		}
	}
	return provision.Sorted(own)
}

func (d *libredesk) resolveRoles(ctx context.Context, add, remove []string) (kit.Difference[entry], error) {
	find := func(ctx context.Context, name string) (*entry, error) {
		if d.settings.governs(name) {
			return nil, nil
		}
		return d.roles.Find(ctx, name)
	}
	return kit.Resolve(ctx, find, add, remove, func(name string) error {
		if d.settings.governs(name) {
			return desk.NoPlace(desk.Permanent, name, "Libredesk's role %q stands for a role here: let the rule say that by role, and leave it out of desk_roles", name)
		}
		return desk.NoPlace(desk.Permanent, name, "Libredesk has no role %q; make it at Admin > Teammates > Roles > New role, or correct the rule", name)
	})
}

// ChangeRoles implements [desk.RoleChanger]. Names are looked for before: Libredesk
// leaves out without a word a role that it does not know.
func (d *libredesk) ChangeRoles(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	change, err := d.resolveRoles(ctx, add, remove)
	if err != nil {
		return err
	}
	_, err = d.change(ctx, id, "change the roles of", func(_ *agent, f *form) {
		f.Roles = changed(f.Roles, change, func(r entry) bool { return slices.Contains(f.Roles, r.Name) })
	})
	return err
}
