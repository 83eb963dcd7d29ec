package requesttracker

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
)

var _ desk.Numbered = openedQueues{}

// Units implements [desk.Numbered]: teams are groups. Rules name no queues.
func (o openedQueues) Units(ctx context.Context) (teams, _ []desk.Unit, err error) {
	groups, err := o.groups.list(ctx)
	for _, g := range groups {
		teams = append(teams, desk.Unit{ID: string(g.ID), Name: g.Name})
	}
	return teams, nil, err
}
