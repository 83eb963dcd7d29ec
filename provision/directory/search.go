package directory

import (
	"context"

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
