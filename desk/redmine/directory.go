package redmine

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// entry is something with a number and a name: a group, project, role or field.
type entry struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func (e entry) number() string { return strconv.FormatInt(e.ID, 10) }

func (e entry) path(collection string) string { return collection + "/" + e.number() }

// directoryAge is how long what is on the desk besides people is taken for true:
// a run reads the same user several times.
const directoryAge = 10 * time.Second

// directory holds what is on the desk besides people. It is safe for concurrent
// use.
type directory struct {
	groups   *kit.Catalogue[entry]
	projects *kit.Catalogue[entry] // active ones: in others nothing can be changed
	roles    *kit.Catalogue[entry]
	fields   *kit.Catalogue[entry] // custom fields of users
}

func newDirectory(c *kit.Client) *directory {
	return &directory{
		groups: catalogue("group", func(ctx context.Context) ([]entry, error) {
			return list[entry](ctx, c, "/groups", "groups", url.Values{})
		}),
		roles: catalogue("role", func(ctx context.Context) ([]entry, error) {
			return list[entry](ctx, c, "/roles", "roles", url.Values{})
		}),
		projects: catalogue("project", func(ctx context.Context) ([]entry, error) {
			return activeProjects(ctx, c)
		}),
		fields: catalogue("custom field", func(ctx context.Context) ([]entry, error) {
			fields, err := userFields(ctx, c)
			entries := make([]entry, len(fields))
			for i, f := range fields {
				entries[i] = f.entry
			}
			return entries, err
		}),
	}
}

// catalogue returns the catalogue of what read reads, which is called what.
// Projects may share a name.
func catalogue(what string, read func(context.Context) ([]entry, error)) *kit.Catalogue[entry] {
	return &kit.Catalogue[entry]{
		Age: directoryAge, Read: read, Name: func(e entry) string { return e.Name }, Fold: provision.Fold,
		Several: func(_ int, name string) error {
			return desk.Errorf(desk.Permanent, "Redmine has more than one %s %q; rename all but one", what, name)
		},
	}
}

const statusActiveProject = 1

func activeProjects(ctx context.Context, c *kit.Client) ([]entry, error) {
	type project struct {
		entry
		Status int `json:"status"`
	}
	all, err := list[project](ctx, c, "/projects", "projects", url.Values{})
	var active []entry
	for _, p := range all {
		if p.Status == statusActiveProject {
			active = append(active, p.entry)
		}
	}
	return active, err
}

// userField is a custom field of users.
type userField struct {
	entry
	Of        string `json:"customized_type"`
	Format    string `json:"field_format"`
	Pattern   string `json:"regexp"`
	MaxLength *int   `json:"max_length"`
	Multiple  bool   `json:"multiple"`
	Visible   bool   `json:"visible"`
}

func userFields(ctx context.Context, c *kit.Client) ([]userField, error) {
	all, err := list[userField](ctx, c, "/custom_fields", "custom_fields", url.Values{})
	return slices.DeleteFunc(all, func(f userField) bool { return f.Of != "user" }), err
}

// names returns the names of all entries, sorted and each once.
func names(entries []entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// externalIDField returns the custom field that keeps our external id.
func (d *redmine) externalIDField(ctx context.Context) (*entry, error) {
	field, err := d.directory.fields.Find(ctx, d.settings.externalIDField)
	if err == nil && field == nil {
		err = desk.Errorf(desk.Permanent, "Redmine has no custom field %q on users; make it at Administration > Custom fields > New custom field > Users, or correct the setting external_id_field", d.settings.externalIDField)
	}
	return field, err
}

// role returns the role of Redmine that a person with this role gets in projects.
func (d *redmine) role(ctx context.Context, of provision.Role) (*entry, error) {
	setting, name := "agent_role", d.settings.agentRole
	if of == provision.RoleLimited {
		setting, name = "limited_role", d.settings.limitedRole
	}
	role, err := d.directory.roles.Find(ctx, name)
	if err == nil && role == nil {
		err = desk.Errorf(desk.Permanent, "Redmine has no role %q; make it at Administration > Roles and permissions > New role, or correct the setting %s", name, setting)
	}
	return role, err
}

// team returns the group that is a team; nil when there is none. The group that
// stands for limited users is refused: the role must be granted instead.
func (d *redmine) team(ctx context.Context, name string) (*entry, error) {
	if d.isLimitedGroup(name) {
		return nil, desk.Errorf(desk.Permanent, "the group %q stands for the role limited and is no team; let the rule grant the role", name)
	}
	return d.directory.groups.Find(ctx, name)
}

func (d *redmine) isLimitedGroup(name string) bool {
	return d.settings.limitedGroup != "" && provision.Fold(name) == provision.Fold(d.settings.limitedGroup)
}

func (d *redmine) limitedGroup(ctx context.Context) (*entry, error) {
	group, err := d.directory.groups.Find(ctx, d.settings.limitedGroup)
	if err == nil && group == nil {
		err = desk.Errorf(desk.Permanent, "Redmine has no group %q, which stands for the role limited; make it at Administration > Groups > New group, or correct the setting limited_group", d.settings.limitedGroup)
	}
	return group, err
}

func noTeam(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "Redmine has no group %q; make it at Administration > Groups > New group, or correct the rule", name)
}
