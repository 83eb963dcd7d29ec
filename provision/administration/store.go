package administration

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	audit.Appender

	LockConnection(ctx context.Context, id provision.ConnectionID) (provision.Connection, error)
	Desk(ctx context.Context, nameOrID string) (provision.Desk, error)
	Identity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error)
	Group(ctx context.Context, c provision.ConnectionID, id provision.GroupID) (provision.Group, error)
	GroupByName(ctx context.Context, c provision.ConnectionID, name string) (provision.Group, error) // ignores letter case
	// Edges returns the memberships of members, of the groups that these are in, and
	// so on.
	Edges(ctx context.Context, c provision.ConnectionID, members []provision.MemberID) ([]provision.Edge, error)

	ConsoleGrants(ctx context.Context, c provision.ConnectionID) ([]Grant, error) // "" for all; by time of creation
	SaveConsoleGrant(ctx context.Context, g Grant) error
	DeleteConsoleGrant(ctx context.Context, id GrantID) error

	// InsertAnswer keeps an answer whose key is new, and reports whether it was.
	InsertAnswer(ctx context.Context, a Answer) (first bool, _ error)
	Answer(ctx context.Context, key string) (Answer, error)
	SaveAnswer(ctx context.Context, a Answer) error
	DeleteAnswer(ctx context.Context, key string) error
	// SweepAnswers deletes those that expired before now.
	SweepAnswers(ctx context.Context, now time.Time) error

	APITokenByHash(ctx context.Context, hash []byte) (Token, error)
	APITokens(ctx context.Context) ([]Token, error) // by time of creation
	SaveAPIToken(ctx context.Context, t Token) error
	TouchAPIToken(ctx context.Context, id TokenID, at time.Time) error
}
