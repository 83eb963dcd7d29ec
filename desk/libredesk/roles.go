package libredesk

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

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
		for _, r := range change.Join {
			if !slices.Contains(f.Roles, r.Name) {
				f.Roles = append(f.Roles, r.Name)
			}
		}
		for _, r := range change.Leave {
			f.Roles = slices.DeleteFunc(f.Roles, func(name string) bool { return name == r.Name })
		}
	})
	return err
}
