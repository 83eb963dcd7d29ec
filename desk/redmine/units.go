package redmine

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
)

var _ desk.Numbered = openedProjects{}

// Units implements [desk.Numbered]: teams are groups, mailboxes active projects.
func (d openedProjects) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	groups, err := d.directory.groups.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	projects, err := d.directory.projects.List(ctx)
	return units(groups), units(projects), err
}

func units(entries []entry) (units []desk.Unit) {
	for _, e := range entries {
		units = append(units, desk.Unit{ID: e.number(), Name: e.Name})
	}
	return units
}
