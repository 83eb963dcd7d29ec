package credential

import (
	"context"
	"reflect"

	"github.com/deskbridge/deskbridge/provision"
)

// Presumed is a request under way whose token is looked up together with what it
// asks for first: it is taken to be what it was the last time, and nothing comes
// of the request unless it is so still.
type Presumed struct {
	Connection provision.Connection
	Token      Token
	confirm    func() error
}

// Confirm returns nil when token and connection are what they were presumed to be
// and the token is usable. Else nothing was changed under the request's context,
// nothing that was read there may be told, and the request begins anew with
// [Service.Authenticate], which says why. Unavailable means that the database
// does not answer, and that there is no use in asking it again. It must be called
// before any answer; the second time it costs nothing.
func (p *Presumed) Confirm() error { return p.confirm() }

// Presume returns a context for the request that shows bearer, a bearer token
// that [Service.Authenticate] has let in here within the last minute. ok is false
// for all others.
func (s *Service) Presume(ctx context.Context, nameOrID, bearer string) (under context.Context, p Presumed, ok bool) {
	hash := provision.HashSecret(bearer)
	last, ok := s.seen.Last(string(hash))
	if !ok || last.conn.Name != nameOrID && string(last.conn.ID) != nameOrID {
		return ctx, Presumed{}, false
	}
	under, confirm := s.store.TokenAhead(ctx, hash, func(token Token, conn provision.Connection, err error) error {
		if err == nil && (!token.Usable(s.now()) || !last.still(token, conn)) {
			err = Refuse("not as it was")
		}
		if err != nil {
			s.seen.Forget(string(hash))
		}
		return err
	})
	return under, Presumed{Connection: last.conn, Token: last.token, confirm: confirm}, true
}

// mostSeen is how many tokens are known to have been seen.
const mostSeen = 1000

// sighting is a token that a request has shown, as it was then.
type sighting struct {
	token Token
	conn  provision.Connection
}

// still reports whether a token and its connection are what they were, but for
// the last use.
func (last sighting) still(token Token, conn provision.Connection) bool {
	token.LastUsedAt = last.token.LastUsedAt
	return reflect.DeepEqual(token, last.token) && reflect.DeepEqual(conn, last.conn)
}
