package redmine

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// entry is something with a number and a name: a group, project, role or field.
type entry struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func (e entry) number() string { return strconv.FormatInt(e.ID, 10) }

func (e entry) path(collection string) string { return collection + "/" + e.number() }

// directory holds what is on the desk besides people. It is safe for concurrent
// use.
type directory struct {
	groups   *register
	projects *register // active ones: in others nothing can be changed
	roles    *register
	fields   *register // custom fields of users
}

func newDirectory(c *client) *directory {
	return &directory{
		groups: &register{what: "group", read: func(ctx context.Context) ([]entry, error) {
			return list[entry](ctx, c, "/groups", "groups", url.Values{})
		}},
		roles: &register{what: "role", read: func(ctx context.Context) ([]entry, error) {
			return list[entry](ctx, c, "/roles", "roles", url.Values{})
		}},
		projects: &register{what: "project", read: func(ctx context.Context) ([]entry, error) {
			return activeProjects(ctx, c)
		}},
		fields: &register{what: "custom field", read: func(ctx context.Context) ([]entry, error) {
			fields, err := userFields(ctx, c)
			entries := make([]entry, len(fields))
			for i, f := range fields {
				entries[i] = f.entry
			}
			return entries, err
		}},
	}
}

const statusActiveProject = 1

func activeProjects(ctx context.Context, c *client) ([]entry, error) {
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

func userFields(ctx context.Context, c *client) ([]userField, error) {
	all, err := list[userField](ctx, c, "/custom_fields", "custom_fields", url.Values{})
	return slices.DeleteFunc(all, func(f userField) bool { return f.Of != "user" }), err
}

// registerAge is how long a register is taken for true: a visit reads the same
// user several times.
const registerAge = 10 * time.Second

// register is a list of entries that Redmine is asked for once in a while.
type register struct {
	what string // in words
	read func(ctx context.Context) ([]entry, error)

	mu      sync.Mutex
	entries []entry
	at      time.Time // when entries was asked for; zero: never
}

// list returns the entries, at most registerAge old.
func (r *register) list(ctx context.Context) ([]entry, error) {
	r.mu.Lock()
	entries, fresh := r.entries, !r.at.IsZero() && time.Since(r.at) < registerAge
	r.mu.Unlock()
	if fresh {
		return entries, nil
	}
	return r.reread(ctx)
}

func (r *register) reread(ctx context.Context) ([]entry, error) {
	began := time.Now()
	entries, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if began.After(r.at) {
		r.entries, r.at = entries, began
	}
	return entries, nil
}

// find returns the entry with a name, in any letter case; nil when there is
// none. A name that is not known is looked for once more: it may be new. Two
// with the name, as projects may have, are a Permanent error.
func (r *register) find(ctx context.Context, name string) (*entry, error) {
	for _, list := range []func(context.Context) ([]entry, error){r.list, r.reread} {
		entries, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var found *entry
		for _, e := range entries {
			if provision.Fold(e.Name) != provision.Fold(name) {
				continue
			}
			if found != nil {
				return nil, desk.Errorf(desk.Permanent, "Redmine has more than one %s %q; rename all but one", r.what, name)
			}
			found = &e
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, nil
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

// markField returns the custom field that keeps our mark.
func (d *redmine) markField(ctx context.Context) (*entry, error) {
	field, err := d.directory.fields.find(ctx, d.settings.externalIDField)
	if err == nil && field == nil {
		err = desk.Errorf(desk.Permanent, "Redmine has no custom field %q on users; make it at Administration > Custom fields > New custom field > Users, or correct the setting external_id_field", d.settings.externalIDField)
	}
	return field, err
}

// role returns the role that a person of this rank gets in projects.
func (d *redmine) role(ctx context.Context, rank provision.Role) (*entry, error) {
	setting, name := "agent_role", d.settings.agentRole
	if rank == provision.RoleLimited {
		setting, name = "limited_role", d.settings.limitedRole
	}
	role, err := d.directory.roles.find(ctx, name)
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
	return d.directory.groups.find(ctx, name)
}

func (d *redmine) isLimitedGroup(name string) bool {
	return d.settings.limitedGroup != "" && provision.Fold(name) == provision.Fold(d.settings.limitedGroup)
}

func (d *redmine) limitedGroup(ctx context.Context) (*entry, error) {
	group, err := d.directory.groups.find(ctx, d.settings.limitedGroup)
	if err == nil && group == nil {
		err = desk.Errorf(desk.Permanent, "Redmine has no group %q, which stands for the role limited; make it at Administration > Groups > New group, or correct the setting limited_group", d.settings.limitedGroup)
	}
	return group, err
}

func noTeam(kind desk.Kind, name string) *desk.Error {
	return desk.Errorf(kind, "Redmine has no group %q; make it at Administration > Groups > New group, or correct the rule", name)
}
