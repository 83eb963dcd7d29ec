package command

import (
	"context"
	"errors"
	"strings"

	"github.com/deskbridge/deskbridge/internal/spelling"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// ConnectionID returns the id of the connection of a name or id.
func ConnectionID(n *server.Names, name string) (provision.ConnectionID, error) {
	c, err := Connection(n, name)
	return c.ID, err
}

// Connection returns the connection of a name or id.
func Connection(n *server.Names, name string) (provision.Connection, error) {
	names := make([]string, len(n.Connections))
	for i, c := range n.Connections {
		if c.Name == name || string(c.ID) == name {
			return c, nil
		}
		names[i] = c.Name
	}
	return provision.Connection{}, nothing("connection", name, names)
}

// Desk returns the desk of a name or id.
func Desk(n *server.Names, name string) (provision.Desk, error) {
	names := make([]string, len(n.Desks))
	for i, d := range n.Desks {
		if d.Name == name || string(d.ID) == name {
			return d, nil
		}
		names[i] = d.Name
	}
	return provision.Desk{}, nothing("desk", name, names)
}

// nothing is the misuse of a name that nothing has.
func nothing(what, name string, names []string) error {
	if near := spelling.Closest(name, names); near != "" {
		return Misuse("there is no %s %q; did you mean %s?", what, provision.Clip(name), near)
	}
	return Misuse("there is no %s %q; `deskbridge %[1]s list` shows them", what, provision.Clip(name))
}

// Narrowed returns the ids of a connection and of a desk that flags name; ""
// where they name none.
func Narrowed(n *server.Names, connection, desk string) (c provision.ConnectionID, d provision.DeskID, err error) {
	if connection != "" {
		if c, err = ConnectionID(n, connection); err != nil {
			return c, d, err
		}
	}
	if desk != "" {
		var found provision.Desk
		found, err = Desk(n, desk)
		d = found.ID
	}
	return c, d, err
}

// FindPerson returns the one person whom text means.
func FindPerson(ctx context.Context, s *server.System, text string) (provision.Identity, error) {
	people, err := s.Core.Directory.FindPeople(ctx, text)
	if err != nil {
		return provision.Identity{}, err
	}
	if len(people) > 1 && people[1].Status != provision.StatusRemoved {
		return provision.Identity{}, errors.New("more than one person is called that; use the id that `deskbridge explain` shows")
	}
	return people[0], nil
}

// shortest is how much of an id must be given.
const shortest = 6

// ByID returns the one of all whose id is part, or begins or ends with it. what is
// the noun for errors, whose list shows them.
func ByID[T any](what, part string, all []T, id func(T) string) (found T, _ error) {
	n := 0
	for _, one := range all {
		switch text := id(one); {
		case text == part:
			return one, nil
		case len(part) >= shortest && (strings.HasPrefix(text, part) || strings.HasSuffix(text, part)):
			found = one
			n++
		}
	}
	switch {
	case n == 1:
		return found, nil
	case n > 1:
		return found, provision.Errorf(provision.Invalid, what, "%d %ss have an id with %q at its beginning or end; give more of it", n, what, provision.Clip(part))
	case len(part) < shortest:
		return found, provision.Errorf(provision.NotFound, what, "there is no %s %q; give at least %d characters of its id", what, provision.Clip(part), shortest)
	}
	return found, provision.Errorf(provision.NotFound, what, "there is no %s %q; `deskbridge %[1]s list` shows them", what, provision.Clip(part))
}
