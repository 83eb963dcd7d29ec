package redmine

import (
	"context"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// newDirectory returns the groups and the active projects: in others nothing can
// be changed. Lists of users leave out who is in which; of a project's members
// those count who have a role of their own.
func newDirectory(c *kit.Client) *roster.Directory {
	return roster.New(roster.Config{
		Vendor: vendor, Fold: provision.Fold, Age: named.Age, Parallel: maxParallel, Longest: time.Minute,
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

func activeProjects(ctx context.Context, c *kit.Client) ([]kit.Entry, error) {
	const statusActiveProject = 1
	type project struct {
		kit.Entry
		Status int `json:"status"`
	}
	return listing.Collect(ctx, list[project](c, "/projects", "projects", nil).List(), func(p project) (kit.Entry, bool) { return p.Entry, p.Status == statusActiveProject })
}

func projectMembers(ctx context.Context, c *kit.Client, id int64) ([]int64, error) {
	type member struct {
		membership
		User kit.Entry `json:"user"` // zero: it is a group's
	}
	all := list[member](c, "/projects/"+number(id)+"/memberships", "memberships", nil).List()
	return listing.Collect(ctx, all, func(m member) (int64, bool) { return m.User.ID, m.User.ID != 0 && len(m.direct()) > 0 })
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

// names finds what settings and rules name.
type names struct {
	settings settings
	fields   named.Finder[userField]
	roles    named.Finder[kit.Entry] // that people get in projects
	teams    named.Places[kit.Entry] // the groups but the one that stands for limited users
	projects named.Places[kit.Entry]
}

func newNames(c *kit.Client, s settings, of *roster.Directory) names {
	roles := named.Catalogue(func(e kit.Entry) string { return e.Name }, list[kit.Entry](c, "/roles", "roles", nil).All)
	fields := named.Catalogue(func(f userField) string { return f.Name }, func(ctx context.Context) ([]userField, error) {
		return listing.Collect(ctx, list[userField](c, "/custom_fields", "custom_fields", nil).List(), func(f userField) (userField, bool) { return f, f.Of == "user" })
	})
	roles.Several, fields.Several = vendor.Namesakes("role"), vendor.Namesakes("custom field")
	entries := func(what, at string, among *kit.Catalogue[kit.Entry]) named.Finder[kit.Entry] {
		return named.Finder[kit.Entry]{Vendor: vendor, What: what, At: at, Among: among}
	}
	n := names{
		settings: s,
		fields: named.Finder[userField]{Vendor: vendor, What: "custom field", Among: fields,
			At: "Administration > Custom fields > New custom field > Users, format \"Text\", \"Visible\" ticked, \"Editable\" not"},
		roles:    entries("role", "Administration > Roles and permissions > New role", roles),
		teams:    named.Places[kit.Entry]{Finder: entries("group", "Administration > Groups > New group", of.Catalogue(roster.Teams))},
		projects: named.Places[kit.Entry]{Finder: entries("active project", "Administration > Projects > New project, reopen it", of.Catalogue(roster.Mailboxes))},
	}
	n.teams.Stands = s.groups.Ours
	return n
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

// limitedGroup returns the group whose members are limited.
func (n *names) limitedGroup(ctx context.Context) (*kit.Entry, error) {
	return n.teams.Finder.Find(ctx, n.settings.groups, provision.RoleLimited)
}

func (n *names) isLimitedGroup(name string) bool { return n.settings.groups.Ours(name) != "" }
