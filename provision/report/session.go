package report

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// SignedIn is a session that has not ended, and whose it is.
type SignedIn struct {
	provision.Session
	UserName, ConnectionName string // "" of what is being deleted
}

// Sessions returns the sessions that f selects and that have not ended, newest
// first: limit of them, [DefaultLimit] for 0 and at most [MaxLimit]. more reports
// whether there are others.
func (s *Service) Sessions(ctx context.Context, f provision.SessionFilter, limit int) (found []SignedIn, more bool, _ error) {
	limit = Page{Limit: limit}.limit()
	sessions, err := s.store.Sessions(ctx, f, limit+1)
	if err != nil || len(sessions) == 0 {
		return nil, false, err
	}
	if more = len(sessions) > limit; more {
		sessions = sessions[:limit]
	}
	ids := make([]provision.IdentityID, len(sessions))
	for i, one := range sessions {
		ids[i] = one.Identity
	}
	people, err := s.store.PeopleRows(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return nil, false, err
	}
	userNames, names := make(map[provision.IdentityID]string), make(map[provision.ConnectionID]string)
	for _, p := range people {
		userNames[p.ID] = p.UserName
	}
	for _, c := range connections {
		names[c.ID] = c.Name
	}
	for _, one := range sessions {
		found = append(found, SignedIn{one, userNames[one.Identity], names[one.Connection]})
	}
	return found, more, nil
}

// OpenSession returns the id that part is, begins or ends, of the sessions that
// have not ended. It is a NotFound or an Invalid error when that is none, or more
// than one.
func (s *Service) OpenSession(ctx context.Context, part string) (provision.SessionID, error) {
	const shortest = 6
	if len(part) < shortest {
		return "", provision.Errorf(provision.Invalid, "session", "give at least %d characters of the session's id", shortest)
	}
	found, err := s.store.OpenSessionsLike(ctx, part, 2)
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return "", provision.Errorf(provision.NotFound, "session", "no session has the id %q; `deskbridge session list` shows them", provision.Clip(part))
	case 1:
		return found[0], nil
	}
	return "", provision.Errorf(provision.Invalid, "session", "several sessions have an id with %q at its beginning or end; give more of it", provision.Clip(part))
}
