package libredesk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Check tries the key, and looks for permissions, roles and teams. It writes
// nothing.
func (d *libredesk) Check(ctx context.Context) (desk.Profile, error) {
	var me agent
	if err := d.client.get(ctx, "/agents/me", nil, &me); err != nil {
		return desk.Profile{}, err
	}
	if me.ID == 0 {
		return desk.Profile{}, desk.Errorf(desk.Retryable, "there is no Libredesk at the desk's URL; give the address at which people open it")
	}
	var general struct {
		Version string `json:"app.version"`
	}
	if err := d.client.get(ctx, "/settings/general", nil, &general); err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: me.id(), Version: general.Version}
	var lacking []string
	for _, permission := range []string{manageUsers, readAny, readAll, assignUser, assignTeam} {
		if !me.may(permission) {
			lacking = append(lacking, permission)
		}
	}
	if len(lacking) > 0 {
		p.Problemf("the service account's role lacks permissions: tick %s at Admin > Teammates > Roles > (its role)", labelled(lacking...))
	}
	roles, err := d.roles.Reread(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	if err := d.checkRoles(&p, roles); err != nil {
		return desk.Profile{}, err
	}
	p.Roles = d.settings.ownRoles(roles)
	for list, named := range map[*kit.Catalogue[entry]]*[]string{d.teams: &p.Teams, d.inboxes: &p.Mailboxes} {
		all, failed := list.Reread(ctx)
		*named, err = names(all), errors.Join(err, failed)
	}
	return p, err
}

// checkRoles looks at the roles that the settings name.
func (d *libredesk) checkRoles(p *desk.Profile, roles []entry) error {
	for _, ours := range []provision.Role{provision.RoleLimited, provision.RoleAgent, provision.RoleAdmin} {
		name := d.settings.roles[ours]
		if name == "" {
			continue
		}
		role, err := d.roles.Named(roles, name)
		at := fmt.Sprintf("Admin > Teammates > Roles > %s", name)
		switch {
		case err != nil:
			return err
		case role == nil:
			p.Problemf("Libredesk has no role %q: make it at Admin > Teammates > Roles > New role, or correct the setting %s_role", name, ours)
		case ours == provision.RoleAdmin && !role.administers():
			p.Problemf("the role %q may not manage users, and so makes nobody an admin: tick %s at %s", name, labelled(manageUsers), at)
		case ours != provision.RoleAdmin && role.administers():
			p.Problemf("the role %q may manage users or roles, and so makes everybody who has it an admin: clear %s at %s", name, labelled(manageUsers, manageRoles), at)
		case ours == provision.RoleAgent && !(role.may(readAny) && (role.may(readAll) || role.may(readOwn) || role.may(readTeams))):
			p.Problemf("agents would see nothing of what they take over from a leaver: tick %s, and one of %s, at %s", labelled(readAny), labelled(readAll, readOwn, readTeams), at)
		}
	}
	return nil
}

// labels are what Libredesk's pages call permissions.
var labels = map[string]string{
	manageUsers: "Manage Users", manageRoles: "Manage Roles", readAny: "View conversation", readAll: "View all conversations", readOwn: "View conversations assigned to me",
	readTeams: "View your team conversations", assignUser: "Assign conversations to users", assignTeam: "Assign conversations to teams",
}

func labelled(permissions ...string) string {
	var all []string
	for _, p := range permissions {
		all = append(all, strconv.Quote(labels[p]))
	}
	return strings.Join(all, ", ")
}
