package report

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// personActor is what the audit log calls somebody who signed in at their identity
// provider: by id, for they may be forgotten, and it may not.
var personActor = regexp.MustCompile(`person:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// Actors returns, for each person whom a text names as the audit log does, what they are
// called today. Who is forgotten, or has no name, is not in it.
func (s *Service) Actors(ctx context.Context, text string) (map[string]string, error) {
	found := personActor.FindAllString(text, -1)
	slices.Sort(found)
	found = slices.Compact(found)
	called := make(map[string]string, len(found))
	for some := range slices.Chunk(found, MaxLimit) {
		ids := make([]provision.IdentityID, len(some))
		for i, actor := range some {
			ids[i] = provision.IdentityID(strings.TrimPrefix(actor, "person:"))
		}
		people, err := s.PeopleByID(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			if name := cmp.Or(p.Profile.DisplayName, strings.TrimSpace(p.Profile.GivenName+" "+p.Profile.FamilyName), p.Profile.Email, p.UserName); name != "" {
				called["person:"+string(p.ID)] = name
			}
		}
	}
	return called, nil
}
