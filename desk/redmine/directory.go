package redmine

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// longestWait is how long a list waits while another reads who is where.
const longestWait = time.Minute

// newDirectory returns the groups and the active projects: in others nothing can
// be changed. Lists of users leave out who is in which; of a project's members
// those count who have a role of their own.
func newDirectory(c *kit.Client) *roster.Directory {
	return roster.New(roster.Config{
		Vendor: vendor, Fold: provision.Fold, Age: named.Age, Parallel: maxParallel, Longest: longestWait,
		Teams: roster.Source{
			Word:    "groups",
			List:    list[kit.Entry](c, "/groups", "groups", nil).All,
			Members: func(ctx context.Context, id int64) ([]int64, error) { return groupMembers(ctx, c, id) },
		},
		Mailboxes: roster.Source{
			Word:    "projects",
			List:    func(ctx context.Context) ([]kit.Entry, error) { return activeProjects(ctx, c) },
			Members: func(ctx context.Context, id int64) ([]int64, error) { return projectMembers(ctx, c, id) },
		},
	})
}

// group is a group, with what was asked for besides its name.
type group struct {
	kit.Entry
	Users       []kit.Entry  `json:"users"`
	Memberships []membership `json:"memberships"`
}

func readGroup(ctx context.Context, c *kit.Client, id int64, include string) (*group, error) {
	return kit.One[group]{Client: c, What: "group", Path: "/groups/", Query: url.Values{"include": {include}}, Key: "group",
		Is: func(g *group, id string) bool { return number(g.ID) == id }}.Read(ctx, number(id))
}

func groupMembers(ctx context.Context, c *kit.Client, id int64) (members []int64, _ error) {
	g, err := readGroup(ctx, c, id, "users")
	if err != nil {
		return nil, err
	}
	for _, u := range g.Users {
		members = append(members, u.ID)
	}
	return members, nil
}

const statusActiveProject = 1

func activeProjects(ctx context.Context, c *kit.Client) (active []kit.Entry, _ error) {
	type project struct {
		kit.Entry
		Status int `json:"status"`
	}
	all, err := list[project](c, "/projects", "projects", nil).All(ctx)
	for _, p := range all {
		if p.Status == statusActiveProject {
			active = append(active, p.Entry)
		}
	}
	return active, err
}

func projectMembers(ctx context.Context, c *kit.Client, id int64) (members []int64, _ error) {
	type member struct {
		membership
		User kit.Entry `json:"user"` // zero: it is a group's
	}
	all, err := list[member](c, "/projects/"+number(id)+"/memberships", "memberships", nil).All(ctx)
	for _, m := range all {
		if m.User.ID != 0 && len(m.direct()) > 0 {
			members = append(members, m.User.ID)
		}
	}
	return members, err
}

// userField is a custom field of users.
type userField struct {
	kit.Entry
	Of        string `json:"customized_type"`
	Format    string `json:"field_format"`
	Pattern   string `json:"regexp"`
	MaxLength *int   `json:"max_length"`
	Multiple  bool   `json:"multiple"`
	Visible   bool   `json:"visible"`
}

// names finds what the settings name.
type names struct {
	settings settings
	roles    named.Finder[kit.Entry] // that people get in projects
	groups   named.Finder[kit.Entry]
	fields   named.Finder[userField]
}

func newNames(c *kit.Client, s settings, groups *kit.Catalogue[kit.Entry]) names {
	roles := named.Catalogue(func(e kit.Entry) string { return e.Name }, list[kit.Entry](c, "/roles", "roles", nil).All)
	fields := named.Catalogue(func(f userField) string { return f.Name }, func(ctx context.Context) ([]userField, error) {
		all, err := list[userField](c, "/custom_fields", "custom_fields", nil).All(ctx)
		return slices.DeleteFunc(all, func(f userField) bool { return f.Of != "user" }), err
	})
	roles.Several, fields.Several = vendor.Namesakes("role"), vendor.Namesakes("custom field")
	return names{
		settings: s,
		roles:    named.Finder[kit.Entry]{Vendor: vendor, What: "role", At: "Administration > Roles and permissions > New role", Among: roles},
		groups:   named.Finder[kit.Entry]{Vendor: vendor, What: "group", At: "Administration > Groups > New group", Among: groups},
		fields:   named.Finder[userField]{Vendor: vendor, What: "custom field", At: "Administration > Custom fields > New custom field > Users", Among: fields},
	}
}

// externalIDField returns the custom field that keeps our external id.
func (n *names) externalIDField(ctx context.Context) (*userField, error) {
	return n.fields.Named(ctx, n.settings.externalIDField, "external_id_field")
}

// role returns the role of Redmine that a person with this role gets in projects.
func (n *names) role(ctx context.Context, of provision.Role) (*kit.Entry, error) {
	if of == provision.RoleAdmin {
		of = provision.RoleAgent
	}
	return n.roles.Find(ctx, n.settings.roles, of)
}

func (n *names) limitedGroup(ctx context.Context) (*kit.Entry, error) {
	return n.groups.Named(ctx, n.settings.limitedGroup, "limited_group")
}

func (n *names) isLimitedGroup(name string) bool {
	return n.settings.limitedGroup != "" && people.SameText(name, n.settings.limitedGroup)
}

// findTeam returns the group that is a team; nil when there is none. The group that
// stands for limited users is refused: the role must be granted instead.
func (d *redmine) findTeam(ctx context.Context, name string) (*kit.Entry, error) {
	if d.isLimitedGroup(name) {
		return nil, desk.Errorf(desk.Permanent, "the group %q stands for the role limited and is no team; let the rule grant the role", name)
	}
	return d.directory.Find(ctx, roster.Teams, name)
}

// team returns the group that is a team; where there is none, an error of a kind.
func (d *redmine) team(ctx context.Context, kind desk.Kind, name string) (*kit.Entry, error) {
	g, err := d.findTeam(ctx, name)
	if err == nil && g == nil {
		err = noTeam(kind, name)
	}
	return g, err
}

func noTeam(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "Redmine has no group %q; make it at Administration > Groups > New group, or correct the rule", name)
}
