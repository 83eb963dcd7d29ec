package desk

import (
	"context"
	"errors"
)

// Pacer stands between a connector and its desk. It sends a request when that
// may be sent, and fails without sending it when it may not be for now. It is
// safe for concurrent use: a call of the contract may make requests side by
// side.
type Pacer func(ctx context.Context, send func(ctx context.Context) error) error

type pacerKey struct{}

// WithPacer returns a context in which requests go by p.
func WithPacer(ctx context.Context, p Pacer) context.Context {
	return context.WithValue(ctx, pacerKey{}, p)
}

// Request sends one request to a desk by the context's [Pacer], and simply
// sends it where there is none. A connector that reaches its desk over a
// network sends every request by it, and returns its errors wrapped: so the
// desk's rate, its pauses and its time limits count requests, whatever a call
// of the contract is made of, and a call of many requests may go on as long as
// they are answered. The client of package kit does so.
func Request(ctx context.Context, send func(ctx context.Context) error) error {
	if p, ok := ctx.Value(pacerKey{}).(Pacer); ok {
		return p(ctx, send)
	}
	return send(ctx)
}

// ErrNotAsked is the cause of an error for a request that was not sent, because
// the connector keeps to a limit of the desk, or shares what another call is
// reading. It says nothing about the desk: whoever called comes again after
// RetryAfter.
var ErrNotAsked = errors.New("the desk was not asked")
