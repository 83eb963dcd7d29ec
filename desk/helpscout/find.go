package helpscout

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

func isForbidden(err error) bool { return errors.Is(err, kit.ErrForbidden) }

// Find looks a user up by id, then by e-mail. Help Scout has no field for our
// external id.
func (d *helpScout) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	u, err := desk.FindBy(ctx, key, d.read, nil, d.byEmail)
	if u == nil || err != nil {
		return nil, err
	}
	found, err := u.common()
	if err != nil {
		return nil, err
	}
	in, err := d.directory.membership(ctx)
	if err != nil {
		return nil, err
	}
	found.Teams, found.Mailboxes = in.names(teams, u.ID), in.names(mailboxes, u.ID)
	return found, nil
}

// read returns the user with an id. An unknown id is NotFound, and so is a
// team's.
func (d *helpScout) read(ctx context.Context, id provision.DeskUserID) (*user, error) {
	n, ok := parseID(id)
	if !ok {
		return nil, noUser(id)
	}
	var u user
	if err := d.client.get(ctx, "/users/"+formatID(n), nil, &u); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			return nil, noUser(id)
		}
		return nil, err
	}
	if u.ID != n {
		return nil, desk.Errorf(desk.Retryable, "Help Scout answered a question about user %s with something else", id)
	}
	if !u.person() {
		return nil, noUser(id)
	}
	return &u, nil
}

func noUser(id provision.DeskUserID) *desk.Error {
	return desk.Errorf(desk.NotFound, "Help Scout has no user %s", id)
}

// byEmail returns the user with an e-mail address; nil when there is none. What
// the API finds is compared again: it may know the address as an alternate one,
// or ignore the question and list everybody.
func (d *helpScout) byEmail(ctx context.Context, email string) (*user, error) {
	hits, err := list[user](ctx, d.client, "/users", "users", url.Values{"email": {email}})
	if err != nil {
		return nil, err
	}
	hits = slices.DeleteFunc(hits, func(u user) bool { return !u.person() || !strings.EqualFold(u.Email, email) })
	switch len(hits) {
	case 0:
		return nil, nil
	case 1:
		return &hits[0], nil
	}
	return nil, desk.Errorf(desk.Permanent, "the users %d and %d of Help Scout have the same e-mail address; change one at Manage > Users", hits[0].ID, hits[1].ID)
}
