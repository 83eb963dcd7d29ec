package main

import (
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// names turns ids into names and back.
type names struct {
	connections []provision.Connection
	desks       []provision.Desk
}

func (s *system) names(ctx context.Context) (n names, err error) {
	if n.connections, err = s.core.Settings.Connections(ctx); err != nil {
		return n, err
	}
	n.desks, err = s.core.Settings.Desks(ctx)
	return n, err
}

func connectionIDOf(n *names, name string) (provision.ConnectionID, error) {
	for _, c := range n.connections {
		if c.Name == name || string(c.ID) == name {
			return c.ID, nil
		}
	}
	return "", usageError{fmt.Errorf("there is no connection %q; `deskbridge connection list` shows them", name)}
}

func (n *names) connection(id provision.ConnectionID) string {
	for _, c := range n.connections {
		if c.ID == id {
			return c.Name
		}
	}
	return string(id)
}

func deskNamed(n *names, name string) (provision.Desk, error) {
	for _, d := range n.desks {
		if d.Name == name || string(d.ID) == name {
			return d, nil
		}
	}
	return provision.Desk{}, usageError{fmt.Errorf("there is no desk %q; `deskbridge desk list` shows them", name)}
}

func (n *names) deskName(id provision.DeskID) string {
	for _, d := range n.desks {
		if d.ID == id {
			return d.Name
		}
	}
	return string(id)
}

func ruleLineOf(n *names, r provision.Rule) ruleLine {
	return ruleLine{ID: string(r.ID), Connection: n.connection(r.Connection), Group: r.Group, Bound: r.GroupID != "",
		Attribute: r.Attribute, Equals: r.Equals, Desk: n.deskName(r.Desk), Role: string(r.Role), Teams: r.Teams, Mailboxes: r.Mailboxes}
}
