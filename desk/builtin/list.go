package builtin

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// listSize is how many users a page of [connector.List] holds.
const listSize = 500

// List implements [desk.Lister]. A cursor is the id of the last user of the page
// before.
func (c *connector) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	after := parseID(cursor)
	if cursor != "" && after == 0 {
		return nil, "", desk.NoCursor()
	}
	v, err := c.view(ctx)
	if err != nil {
		return nil, "", err
	}
	rows, err := v.users(ctx, `u.id > $2 ORDER BY u.id LIMIT $3`, after, listSize)
	if err != nil {
		return nil, "", err
	}
	if err := v.withUnits(ctx, rows); err != nil {
		return nil, "", err
	}
	users := make([]provision.DeskUser, len(rows))
	for i := range rows {
		users[i] = rows[i].common()
	}
	if len(rows) < listSize {
		return users, "", nil
	}
	return users, string(users[len(users)-1].ID), nil
}
