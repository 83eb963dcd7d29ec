package provision

import "context"

// Authenticate returns the connection that is called nameOrID, when bearer is
// a usable token of it. An unknown connection, a token of another connection,
// and an expired or revoked token are all the same Denied: nothing can be
// probed. The token's last use is noted, to the minute.
func (s *Service) Authenticate(ctx context.Context, nameOrID, bearer string) (Connection, Token, error) {
	panic("todo")
}
