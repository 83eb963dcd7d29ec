package console

import (
	"cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// names turns ids of connections and desks into names.
type names struct {
	connections []provision.Connection
	desks       []provision.Desk
}

func (p *page) names() (*names, error) {
	n := new(names)
	var err error
	if n.connections, err = p.h.core.Settings.Connections(p.Context()); err != nil {
		return nil, err
	}
	n.desks, err = p.h.core.Settings.Desks(p.Context())
	return n, err
}

// desk returns the name of a desk, or its id when there is none.
func (n *names) desk(id provision.DeskID) string {
	for _, d := range n.desks {
		if d.ID == id {
			return d.Name
		}
	}
	return string(id)
}

// connection returns the name of a connection, or its id when there is none.
func (n *names) connection(id provision.ConnectionID) string {
	for _, c := range n.connections {
		if c.ID == id {
			return c.Name
		}
	}
	return string(id)
}

// called returns what people are called today; who is forgotten has no name.
func (p *page) called(ids []provision.IdentityID) (map[provision.IdentityID]string, error) {
	people, err := p.h.core.Report.PeopleByID(p.Context(), ids)
	called := make(map[provision.IdentityID]string, len(people))
	for _, p := range people {
		one := plan.PersonOf(p)
		called[p.ID] = cmp.Or(one.Name, one.Address)
	}
	return called, err
}
