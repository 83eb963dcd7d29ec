package redmine

import (
	"context"
	"errors"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
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
	p := desk.Profile{Self: answer.User.id()}
	if !answer.User.Admin {
		p.Problemf("the service account is no administrator, and Redmine lets nobody else manage users: tick Administration > Users > (the service account) > Administrator")
		return p, nil
	}
	for _, look := range []func(context.Context, *desk.Profile) error{d.checkField, d.checkRoles, d.checkPlaces} {
		if err := look(ctx, &p); err != nil {
			return desk.Profile{}, err
		}
	}
	return p, nil
}

func (d *redmine) checkField(ctx context.Context, p *desk.Profile) error {
	if _, err := d.fields.Among.Reread(ctx); err != nil {
		return err
	}
	f, err := d.externalIDField(ctx)
	if err != nil {
		return people.Problem(p, err)
	}
	name, at := f.Name, "Administration > Custom fields > Users > "+f.Name
	if !f.Visible {
		p.Problemf("Redmine shows nobody the custom field %q: tick \"Visible\" at %s", name, at)
	}
	if f.Format != "string" && f.Format != "text" || f.Multiple || f.Pattern != "" {
		p.Problemf("the custom field %q takes no plain text: make one with the format \"Text\" and no regular expression, at %s", name, at)
	}
	if f.MaxLength != nil && *f.MaxLength > 0 && *f.MaxLength < externalIDLength {
		p.Problemf("the custom field %q is too short: it needs room for %d characters, at %s", name, externalIDLength, at)
	}
	return nil
}

func (d *redmine) checkRoles(ctx context.Context, p *desk.Profile) error {
	if d.settings.limits() {
		if err := d.roles.Check(ctx, p, d.settings.roles[1:]); err != nil {
			return err
		}
	}
	role, err := d.role(ctx, provision.RoleAgent)
	if err != nil {
		return people.Problem(p, err)
	}
	var answer struct {
		Role struct{ Assignable bool } `json:"role"`
	}
	err = d.client.Get(ctx, "/roles/"+number(role.ID), nil, &answer)
	if err == nil && !answer.Role.Assignable {
		p.Problemf("agents could take over nothing from a leaver: tick \"Issues can be assigned to users with this role\" at Administration > Roles and permissions > %s", role.Name)
	}
	return err
}

func (d *redmine) checkPlaces(ctx context.Context, p *desk.Profile) error {
	if err := d.directory.Check(ctx, p); err != nil {
		return err
	}
	p.Teams = slices.DeleteFunc(p.Teams, d.isLimitedGroup)
	if len(p.Mailboxes) == 0 {
		p.Problemf("Redmine has no active project: make one at Administration > Projects > New project")
	}
	return d.teams.Check(ctx, p, d.settings.groups)
}
