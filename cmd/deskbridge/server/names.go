package server

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Names turns ids into names and back.
type Names struct {
	Connections []provision.Connection
	Desks       []provision.Desk
}

// LoadNames reads the names of all connections and desks.
func (s *System) LoadNames(ctx context.Context) (n Names, err error) {
	if n.Connections, err = s.Core.Settings.Connections(ctx); err != nil {
		return n, err
	}
	n.Desks, err = s.Core.Settings.Desks(ctx)
	return n, err
}

// Connection returns the name of a connection, or its id when there is none.
func (n *Names) Connection(id provision.ConnectionID) string {
	for _, c := range n.Connections {
		if c.ID == id {
			return c.Name
		}
	}
	return string(id)
}

// DeskName returns the name of a desk, or its id when there is none.
func (n *Names) DeskName(id provision.DeskID) string {
	for _, d := range n.Desks {
		if d.ID == id {
			return d.Name
		}
	}
	return string(id)
}
