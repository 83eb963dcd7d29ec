package zammad

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/provision"
)

// Check tries the token, and looks for permissions, roles, groups and the attribute
// for our external id. It writes nothing.
func (d *zammad) Check(ctx context.Context) (desk.Profile, error) {
	me, err := d.readSelf(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: me.id()}
	roles, err := d.roles.Reread(ctx)
	if errors.Is(err, kit.ErrForbidden) {
		p.Problemf("the access token may not read roles, and maybe not change users: make one at (avatar) > Profile > Token Access with admin.user, admin.role, admin.group and ticket.agent")
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := errors.Join(d.checkRights(ctx, &p, me, roles), d.checkRoles(&p, roles)); err != nil {
		return p, err
	}
	there, err := d.marks(ctx, me)
	if err != nil {
		return p, err
	}
	if !there {
		p.Problemf("%s", noAttribute(d.settings.mark))
	}
	if email := d.settings.replacement; email != "" {
		r, err := d.users.byEmail(ctx, email)
		if err != nil {
			return p, err
		}
		if r == nil || !r.Active {
			p.Problemf("the setting replacement names nobody who is active in Zammad: name an agent, or leave it out")
		}
	}
	if p.Teams, err = d.groups.Names(ctx); err != nil {
		return p, err
	}
	unseen, err := d.unseen(ctx, me)
	if len(unseen) > 0 {
		p.Problemf("%s", blind(unseen))
	}
	return p, err
}

// checkRights names the permissions that are missing, of the service account's
// roles or of the token. Without admin.user, Zammad leaves roles and groups out of
// what is written, and says nothing.
func (d *zammad) checkRights(ctx context.Context, p *desk.Profile, me *record, all []role) error {
	var own []role
	for _, r := range all {
		if slices.Contains(me.Roles, r.ID) {
			own = append(own, r)
		}
	}
	needed := []string{"admin.user", agentPermission}
	if d.settings.erases {
		needed = append(needed, "admin.data_privacy")
	}
	var lacking []string
	for _, permission := range needed {
		gives := func(r role) bool { // by its name, where Zammad does not show what it permits
			stands := provision.RoleAdmin
			if permission == agentPermission {
				stands = provision.RoleAgent
			}
			return r.holds(permission) || r.Permissions == nil && d.stands(&r, stands)
		}
		if !slices.ContainsFunc(own, gives) {
			lacking = append(lacking, permission)
		}
	}
	if len(lacking) > 0 {
		p.Problemf("the service account's roles lack the permissions %s, without which Zammad leaves out what is written: tick them in one of its roles at Manage > Roles", strings.Join(lacking, ", "))
		return nil
	}
	// A list for administrators of users alone: a token may have less than its user.
	err := d.client.Get(ctx, "/users/recent", url.Values{"limit": {"1"}}, nil)
	switch {
	case errors.Is(err, kit.ErrForbidden):
		p.Problemf("the access token lacks the permission admin.user, without which Zammad leaves roles and groups out of what is written: make one at (avatar) > Profile > Token Access with %s", strings.Join(needed, ", "))
	case err != nil && desk.KindOf(err) == desk.Unauthorized:
		return err
	}
	return nil // whoever does not have that list says nothing about the token
}

// checkRoles looks at the roles that the settings name, and at what a stranger gets.
func (d *zammad) checkRoles(p *desk.Profile, all []role) error {
	err := d.standing.CheckThose(p, d.settings.roles, all, func(stands named.Role, r *role) string {
		ours := stands.Ours
		switch {
		case r.Permissions == nil:
		case ours == provision.RoleAdmin && !r.administers():
			return "may not change users, and so makes nobody an admin: tick admin.user"
		case ours != provision.RoleAdmin && r.administers():
			return "may change users or roles, and so makes everybody who has it an admin: clear admin, admin.user and admin.role"
		case ours == provision.RoleAgent && !r.holds(agentPermission):
			return "makes nobody an agent: tick ticket.agent"
		case ours != provision.RoleAgent && ours != provision.RoleAdmin && r.holds(agentPermission):
			return "makes everybody who has it an agent: clear ticket.agent"
		case ours == provision.RoleNone && !r.idle():
			return "is left to a leaver, and gives more than a customer has: name another in the setting " + stands.Key + ", or clear all but ticket.customer and user_preferences"
		}
		return ""
	})
	for _, r := range all {
		if r.Signup && !r.off() && (r.administers() || r.holds(agentPermission)) {
			p.Problemf("whoever signs up at Zammad gets the role %q and is an agent: clear Default at Signup at Manage > Roles > %s", r.Name, r.Name)
		}
	}
	return err
}
