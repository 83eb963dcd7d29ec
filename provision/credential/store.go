package credential

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	Saver

	LockConnection(ctx context.Context, id provision.ConnectionID) (provision.Connection, error)
	// TokenByHash returns the token with this hash with its connection, both
	// by one look-up.
	TokenByHash(ctx context.Context, hash []byte) (Token, provision.Connection, error)
	// TokenAhead returns a context under which nothing is answered and nothing
	// changed before judge has seen what TokenByHash finds; what judge returns is
	// then the error of everything under it. On PostgreSQL the look-up takes no
	// trip of its own. confirm makes it unless it was made, and returns what judge
	// said; who has changed nothing calls it before answering.
	TokenAhead(ctx context.Context, hash []byte, judge func(Token, provision.Connection, error) error) (under context.Context, confirm func() error)
	Tokens(ctx context.Context, c provision.ConnectionID) ([]Token, error) // "" for all; by time of creation
	TouchToken(ctx context.Context, id provision.TokenID, at time.Time) error
	// AccessTokenByHash returns the access token with this hash, the token that
	// it was issued for and its connection, all by one look-up.
	AccessTokenByHash(ctx context.Context, hash []byte) (AccessToken, Token, provision.Connection, error)
	InsertAccessToken(ctx context.Context, t AccessToken) error
	// SweepAccessTokens deletes those that expired before now.
	SweepAccessTokens(ctx context.Context, now time.Time) error
}
