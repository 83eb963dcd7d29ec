package helpscout

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by id, then by e-mail. Help Scout has no field for our
// external id.
func (d *helpScout) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, nil, d.byEmail, func(ctx context.Context, u *user) (*provision.DeskUser, error) {
		if _, err := u.role(); err != nil {
			return nil, err // before all lists of members are read
		}
		in, err := d.directory.Membership(ctx)
		if err != nil {
			return nil, err
		}
		return u.common(in)
	})
}

// read returns the user with an id. An unknown id is NotFound, and so is a
// team's.
func (d *helpScout) read(ctx context.Context, id provision.DeskUserID) (*user, error) {
	u, err := kit.One[user]{Client: d.client.Client, What: "user", Path: "/users/", Is: func(u *user, id string) bool { return formatID(u.ID) == id }}.Read(ctx, string(id))
	if err == nil && !u.person() {
		return nil, desk.Errorf(desk.NotFound, "Help Scout has no user %s: that is the id of a team", id)
	}
	return u, err
}

// byEmail returns the user with an e-mail address; nil when there is none. What
// the API finds is compared again: it may know the address as an alternate one,
// or ignore the question and list everybody.
func (d *helpScout) byEmail(ctx context.Context, email string) (*user, error) {
	hits, err := d.client.people(ctx, "/users", url.Values{"email": {email}})
	if err != nil {
		return nil, err
	}
	hits = slices.DeleteFunc(hits, func(u user) bool { return !strings.EqualFold(u.Email, email) })
	switch len(hits) {
	case 0:
		return nil, nil
	case 1:
		return &hits[0], nil
	}
	return nil, vendor.Several([]string{formatID(hits[0].ID), formatID(hits[1].ID)}, "have the same e-mail address", "Manage > Users")
}

// List implements [desk.Lister]. A cursor is the number of a page. Who is in
// which team and inbox is read with the first one: Help Scout shows it from the
// other side only.
func (d *helpScout) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, maxPages)
	if err != nil {
		return nil, "", err
	}
	in, err := d.listed.Get(ctx, n == 1, d.directory.Membership)
	if err != nil {
		return nil, "", err
	}
	found, p, err := kit.GetHAL[user](ctx, d.client.Client, "/users", "users", nil, n)
	if err != nil {
		return nil, "", err
	}
	var users []provision.DeskUser
	for _, u := range found {
		if shown, err := u.common(in); u.person() && err == nil { // else Find says what is wrong with this one
			users = append(users, *shown)
		}
	}
	if n >= p.TotalPages || n == maxPages || len(found) == 0 {
		return users, "", nil
	}
	return users, kit.PageAfter(n), nil
}

// Admins counts administrators and the owner.
func (d *helpScout) Admins(ctx context.Context) (int, error) {
	all, err := d.client.people(ctx, "/users", nil)
	return len(slices.DeleteFunc(all, func(u user) bool { return !u.active() || !u.manages() })), err
}

// TeamMembers returns the members of a team who may own conversations, in order
// of id.
func (d *helpScout) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	e, err := d.teams.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	members, err := d.client.members(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	return d.users.Those(members, func(u *user) (bool, error) { return u.mayOwn(), nil })
}
