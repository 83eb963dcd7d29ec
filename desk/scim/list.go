package scim

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

var _ desk.Lister = (*provider)(nil)

// List implements [desk.Lister]: all are on one page, because a list that is read
// over a while shows some twice and others never. Memberships come with the users,
// or from all groups.
func (p *provider) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	if cursor != "" {
		return nil, "", desk.NoCursor()
	}
	all, err := p.listEveryone(ctx)
	if err != nil {
		return nil, "", err
	}
	objects := make([]scimclient.Object, len(all))
	users := make([]provision.DeskUser, len(all))
	for i, r := range all {
		objects[i], users[i] = r.Object, *p.settings.user(r)
	}
	if !p.settings.teams {
		return users, "", nil
	}
	of, err := p.groups.OfAll(ctx, objects)
	for i, in := range of {
		users[i].Teams = groupNames(in)
	}
	return users, "", err
}

// Admins counts the active users who are admins.
func (p *provider) Admins(ctx context.Context) (int, error) {
	all, err := p.everyone.Get(ctx, 0, p.listEveryone)
	admins := 0
	for _, r := range all {
		if r.active() && p.settings.roleOf(r) == provision.RoleAdmin {
			admins++
		}
	}
	return admins, err
}
