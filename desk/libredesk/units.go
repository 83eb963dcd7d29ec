package libredesk

import (
	"context"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

var _ desk.Numbered = (*libredesk)(nil)

// Units implements [desk.Numbered]: rules can name teams.
func (d *libredesk) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	all, err := d.teams.List(ctx)
	for _, t := range all {
		teams = append(teams, desk.Unit{ID: strconv.FormatInt(t.ID, 10), Name: t.Name})
	}
	return teams, nil, err
}
