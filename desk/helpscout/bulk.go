package helpscout

import (
	"context"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// List implements [desk.Lister]. A cursor is the number of a page. Who is in
// which team and inbox is read with the first one: Help Scout shows it from the
// other side only.
func (d *helpScout) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, maxPages)
	if err != nil {
		return nil, "", err
	}
	in, err := d.listed.Get(ctx, n == 1, d.directory.membership)
	if err != nil {
		return nil, "", err
	}
	found, p, err := readPage[user](ctx, d.client, "/users", "users", nil, n)
	if err != nil {
		return nil, "", err
	}
	var users []provision.DeskUser
	for _, u := range found {
		if !u.person() {
			continue
		}
		shown, err := u.common()
		if err != nil {
			continue // Find says what is wrong with this one
		}
		shown.Teams, shown.Mailboxes = in.names(teams, u.ID), in.names(mailboxes, u.ID)
		users = append(users, *shown)
	}
	if n >= p.TotalPages || n == maxPages || len(found) == 0 {
		return users, "", nil
	}
	return users, kit.PageAfter(n), nil
}
