package directory

import (
	"context"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Search returns people and groups of the connection in one list. Sort keys
// count with their first 256 characters. A Position that does not
// fit what the search sorts by is Invalid.
func (s *Service) Search(ctx context.Context, conn provision.ConnectionID, q provision.Search) (provision.Finding, error) {
	return s.store.Search(ctx, conn, q)
}

// MembersOf returns the direct members of groups of this connection by group,
// in the order in which they were added. Groups without members are left out.
func (s *Service) MembersOf(ctx context.Context, conn provision.ConnectionID, ids []provision.GroupID) (map[provision.GroupID][]provision.Member, error) {
	return s.store.MembersOf(ctx, conn, ids)
}

// FindPeople returns the people whose id, userName, externalId or e-mail
// address is text, of all connections; those who are not removed first.
func (s *Service) FindPeople(ctx context.Context, text string) ([]provision.Identity, error) {
	people, err := s.store.FindPeople(ctx, text)
	if err == nil && len(people) == 0 {
		err = provision.Errorf(provision.NotFound, "user", "nobody has the id, userName, externalId or e-mail address %q", provision.Clip(text))
	}
	return people, err
}

// lookAtOnce is how many groups are read at once for [Service.LookAlikes].
const lookAtOnce = 100

// LookAlikes returns groups of the connection whose names differ from name in
// blanks alone: at the ends, several in a row, or such as no line breaks at. They
// cannot be told apart on a screen, and are others to a rule: who may make a group
// must not make one that passes for another. There may be more: the search ends
// with the page that has the first.
func (s *Service) LookAlikes(ctx context.Context, conn provision.ConnectionID, name string) (alike []provision.Group, _ error) {
	words := strings.Fields(name)
	if len(words) == 0 {
		return nil, nil
	}
	q := provision.Query{Limit: lookAtOnce}
	for _, word := range words {
		var has provision.Expr = provision.Compare{Path: provision.Path{"displayName"}, Op: provision.OpContains, Type: provision.TypeString, Value: word}
		if q.Where != nil {
			has = provision.And{Left: q.Where, Right: has}
		}
		q.Where = has
	}
	spaced := strings.Join(words, " ")
	for {
		page, err := s.store.Groups(ctx, conn, q)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Items {
			if !provision.SameWord(g.DisplayName, name) && provision.SameWord(strings.Join(strings.Fields(g.DisplayName), " "), spaced) {
				alike = append(alike, g)
			}
		}
		if q.Offset += len(page.Items); len(alike) > 0 || len(page.Items) < lookAtOnce {
			return alike, nil
		}
	}
}
