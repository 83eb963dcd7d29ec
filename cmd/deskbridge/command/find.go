package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/internal/spelling"
	"github.com/deskbridge/deskbridge/provision"
)

// Connection returns the connection of a name or id.
func Connection(ctx context.Context, s *server.System, name string) (provision.Connection, error) {
	found, err := s.Core.Settings.Connection(ctx, name)
	if !provision.IsNotFound(err) {
		return found, err
	}
	all, err := s.Core.Settings.Connections(ctx)
	if err != nil {
		return found, err
	}
	return found, nothing("connection", name, named(all, func(c provision.Connection) string { return c.Name }))
}

// Desk returns the desk of a name or id.
func Desk(ctx context.Context, s *server.System, name string) (provision.Desk, error) {
	found, err := s.Core.Settings.Desk(ctx, name)
	if !provision.IsNotFound(err) {
		return found, err
	}
	all, err := s.Core.Settings.Desks(ctx)
	if err != nil {
		return found, err
	}
	return found, nothing("desk", name, named(all, func(d provision.Desk) string { return d.Name }))
}

// nothing is the misuse of a name that nothing has: programs are told that it was
// not found.
func nothing(what, name string, names []string) error {
	next := fmt.Sprintf("`deskbridge %s list` shows them", what)
	if near := spelling.Closest(name, names); near != "" {
		next = "did you mean " + near + "?"
	}
	return Misuse("%w", provision.Errorf(provision.NotFound, what, "there is no %s %q; %s", what, provision.Clip(name), next))
}

// Narrowed returns the ids of a connection and of a desk that flags name; ""
// where they name none.
func Narrowed(ctx context.Context, s *server.System, connection, desk string) (c provision.ConnectionID, d provision.DeskID, _ error) {
	if connection != "" {
		found, err := Connection(ctx, s, connection)
		if err != nil {
			return c, d, err
		}
		c = found.ID
	}
	if desk != "" {
		found, err := Desk(ctx, s, desk)
		if err != nil {
			return c, d, err
		}
		d = found.ID
	}
	return c, d, nil
}

// FindPerson returns the one person whom text means.
func FindPerson(ctx context.Context, s *server.System, text string) (provision.Identity, error) {
	people, err := s.Core.Directory.FindPeople(ctx, text)
	if err != nil {
		return provision.Identity{}, err
	}
	if len(people) > 1 && people[1].Status != provision.StatusRemoved {
		return provision.Identity{}, Several(people)
	}
	return people[0], nil
}

// Several is the error of a text that means several people: it lists their ids, of
// which one has to be given.
func Several(people []provision.Identity) error {
	const most = 10
	var list strings.Builder
	for i, p := range people {
		if i == most {
			fmt.Fprintf(&list, "\n  and %d more", len(people)-i)
			break
		}
		fmt.Fprintf(&list, "\n  %s  %s, since %s", p.ID, p.Status, output.Moment{At: &p.UpdatedAt})
	}
	return provision.Errorf(provision.Conflict, "user", "%d people are or were called that; an address may be somebody else's by now. Give the id of one:%s", len(people), list.String())
}

// shortest is how much of an id must be given.
const shortest = 6

// ByID returns the one of all whose id is part, or begins or ends with it. what is
// the noun for errors, whose list shows them.
func ByID[T any](what, part string, all []T, id func(T) string) (T, error) {
	return ByIDIn(what, what+" list", part, all, id)
}

// ByIDIn is [ByID] for what another command than its own list shows.
func ByIDIn[T any](what, list, part string, all []T, id func(T) string) (found T, _ error) {
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
	return found, provision.Errorf(provision.NotFound, what, "there is no %s %q; `deskbridge %s` shows them", what, provision.Clip(part), list)
}
