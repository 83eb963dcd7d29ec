package helpscout

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	namesAge    = 30 * time.Second // how long the names of teams and inboxes are taken for true
	listsAtOnce = 4                // lists of members that are read at a time
)

// newDirectory returns who is in which team and inbox: Help Scout shows members of both, not where
// a user is.
func newDirectory(c *client) *roster.Directory {
	return roster.New(roster.Config{
		Vendor: vendor, Fold: provision.Fold, Age: namesAge, Parallel: listsAtOnce, Longest: longestWait,
		Teams: roster.Source{
			Word:    "teams",
			List:    c.teams,
			Members: func(ctx context.Context, id int64) ([]int64, error) { return numbers(c.members(ctx, id)) },
		},
		Mailboxes: roster.Source{
			Word: "inboxes",
			List: func(ctx context.Context) ([]kit.Entry, error) { return c.places(ctx, "/mailboxes", "mailboxes") },
			Members: func(ctx context.Context, id int64) ([]int64, error) {
				return numbers(c.people(ctx, "/users", url.Values{"mailbox": {formatID(id)}}))
			},
		},
	})
}

// teams returns all teams; none on a plan without them.
func (c *client) teams(ctx context.Context) ([]kit.Entry, error) {
	all, err := c.places(ctx, "/teams", "teams")
	if err != nil && (desk.KindOf(err) == desk.NotFound || errors.Is(err, kit.ErrForbidden)) {
		return nil, nil
	}
	return all, err
}

// members returns the users in a team.
func (c *client) members(ctx context.Context, team int64) ([]user, error) {
	return c.people(ctx, teamPath(team), nil)
}

func teamPath(id int64) string { return "/teams/" + formatID(id) + "/members" }

func numbers(all []user, err error) ([]int64, error) {
	var ids []int64
	for _, u := range all {
		ids = append(ids, u.ID)
	}
	return ids, err
}
