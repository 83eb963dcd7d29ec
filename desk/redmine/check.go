package redmine

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// externalIDLength is how long our external id is, in characters.
const externalIDLength = len("01234567-89ab-cdef-0123-456789abcdef")

// Check tries the key and looks for the custom field, the roles and the groups.
// Redmine tells neither its version nor whether issues may be assigned to
// groups.
func (d *redmine) Check(ctx context.Context) (desk.Profile, error) {
	var answer struct {
		User record `json:"user"`
	}
	err := d.client.Get(ctx, "/users/current", nil, &answer)
	switch {
	case errors.Is(err, kit.ErrForbidden):
		return desk.Profile{}, desk.Errorf(desk.Unauthorized, "Redmine's REST API is switched off; tick \"Enable REST web service\" at Administration > Settings > API")
	case err != nil:
		return desk.Profile{}, err
	case answer.User.ID == 0:
		return desk.Profile{}, desk.Errorf(desk.Retryable, "there is no Redmine at the desk's URL; give the address of Redmine's home page")
	}
	c := check{redmine: d, Profile: desk.Profile{Self: answer.User.id()}}
	if !answer.User.Admin {
		c.Problemf("the service account is no administrator, and Redmine lets nobody else manage users: tick Administration > Users > (the service account) > Administrator")
		return c.Profile, nil
	}
	for _, look := range []func(context.Context) error{c.field, c.roles, c.groups, c.projects} {
		if err := look(ctx); err != nil {
			return desk.Profile{}, err
		}
	}
	return c.Profile, nil
}

// check is one look at how a Redmine is set up.
type check struct {
	*redmine
	desk.Profile
}

func (c *check) field(ctx context.Context) error {
	fields, err := userFields(ctx, c.client)
	if err != nil {
		return err
	}
	name := c.settings.externalIDField
	i := slices.IndexFunc(fields, func(f userField) bool { return f.Name == name })
	if i < 0 {
		c.Problemf("users have no custom field %q: make it at Administration > Custom fields > New custom field > Users, format \"Text\", \"Visible\" ticked, \"Editable\" not", name)
		return nil
	}
	f, at := fields[i], "Administration > Custom fields > Users > "+name
	if !f.Visible {
		c.Problemf("Redmine shows nobody the custom field %q: tick \"Visible\" at %s", name, at)
	}
	if f.Format != "string" && f.Format != "text" || f.Multiple || f.Pattern != "" {
		c.Problemf("the custom field %q takes no plain text: make one with the format \"Text\" and no regular expression, at %s", name, at)
	}
	if f.MaxLength != nil && *f.MaxLength > 0 && *f.MaxLength < externalIDLength {
		c.Problemf("the custom field %q is too short: it needs room for %d characters, at %s", name, externalIDLength, at)
	}
	return nil
}

func (c *check) roles(ctx context.Context) error {
	roles := []provision.Role{provision.RoleAgent}
	if c.settings.limitedGroup != "" {
		roles = append(roles, provision.RoleLimited)
	}
	for _, r := range roles {
		role, err := c.role(ctx, r)
		if err := c.note(err); err != nil {
			return err
		}
		if role == nil || r != provision.RoleAgent {
			continue
		}
		var answer struct {
			Role struct{ Assignable bool } `json:"role"`
		}
		if err := c.client.Get(ctx, role.path("/roles"), nil, &answer); err != nil {
			return err
		}
		if !answer.Role.Assignable {
			c.Problemf("agents could take over nothing from a leaver: tick \"Issues can be assigned to users with this role\" at Administration > Roles and permissions > %s", role.Name)
		}
	}
	return nil
}

// note turns an error that is the configuration's into a problem, and returns any
// other.
func (c *check) note(err error) error {
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Kind == desk.Permanent {
		c.Problemf("%s", e.Detail)
		return nil
	}
	return err
}

func (c *check) groups(ctx context.Context) error {
	groups, err := c.directory.groups.Reread(ctx)
	if err != nil {
		return err
	}
	c.Teams = slices.DeleteFunc(names(groups), c.isLimitedGroup)
	if c.settings.limitedGroup != "" {
		_, err := c.limitedGroup(ctx)
		return c.note(err)
	}
	return nil
}

func (c *check) projects(ctx context.Context) error {
	projects, err := c.directory.projects.Reread(ctx)
	if err != nil {
		return err
	}
	c.Mailboxes = names(projects)
	if len(projects) == 0 {
		c.Problemf("Redmine has no active project: make one at Administration > Projects > New project")
	}
	return nil
}

// Admins counts the active administrators, who come first in the list. A release
// that ignored the order would make them fewer, and the last of them would be
// kept without need.
func (d *redmine) Admins(ctx context.Context) (int, error) {
	admins := 0
	err := each(ctx, d.client, "/users", "users", url.Values{"status": {"1"}, "sort": {"admin:desc,login"}}, func(r record) bool {
		if r.Admin {
			admins++
		}
		return r.Admin
	})
	return admins, err
}
