package adoption

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// How many candidates a page has, and how many users of a list are looked at at once.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	readAtOnce   = 200
)

// Which candidates are asked for. Empty fields ask for all that are not left alone.
type Which struct {
	All        bool       // those that are left alone, too
	Matched    bool       // only those who may be somebody
	Confidence Confidence // only those of whom it is so sure, without conflict
	Conflicts  bool       // only those with a conflict
	Unmatched  bool       // only those who may be nobody of ours
}

func (w Which) want(c *Candidate) bool {
	switch {
	case c.Aside != "" && !w.All, w.Matched && len(c.Matches) == 0, w.Unmatched && len(c.Matches) > 0, w.Conflicts && c.Conflict == "":
		return false
	case w.Confidence != None:
		return c.Confidence() == w.Confidence && c.Conflict == ""
	}
	return true
}

// Candidates returns a page of the desk users whom no account holds, by id, with what
// they may be, from behind one on. next is what the page after it begins behind; "" on the last.
func (s *Service) Candidates(ctx context.Context, d provision.Desk, r Roster, which Which, after provision.DeskUserID, limit int) (found []Candidate, next provision.DeskUserID, _ error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	m, err := s.matcher(ctx, d, r)
	if err != nil {
		return nil, "", err
	}
	for {
		users, err := s.store.ListedUsers(ctx, ListedQuery{Roster: r, After: after, Limit: readAtOnce})
		if err != nil || len(users) == 0 {
			return found, "", err
		}
		last := len(users) < readAtOnce
		after = users[len(users)-1].ID
		if !which.All {
			users = slices.DeleteFunc(users, func(u provision.DeskUser) bool { return aside(&d, r.Self, &u) != "" })
		}
		page, err := m.match(ctx, users)
		if err != nil {
			return nil, "", err
		}
		for i := range page {
			if !which.want(&page[i]) {
				continue
			}
			if len(found) == limit {
				return found, found[limit-1].User.ID, nil
			}
			found = append(found, page[i])
		}
		if last {
			return found, "", nil
		}
	}
}
