// Package condition holds what must be so in the database for a change to be made: that
// what stands there is what somebody has seen who asks for the change. Whoever serves
// the request says it ([Under]), and the core's transactions keep it. So they do with what
// is only to be rehearsed ([Rehearse]).
//
// It decides nothing, and knows neither HTTP nor SQL.
package condition

import (
	"context"
	"sync/atomic"
)

// Condition is one, for the change of one request.
type Condition struct {
	check func(ctx context.Context) error
	met   atomic.Bool
}

type key struct{}

// Under returns ctx with a condition for the change that is made under it. check
// returns nil while it holds, and an error for whoever asks when it does not; it reads what
// is committed, outside of the transaction of the change, and changes nothing.
//
// The first transaction under ctx is committed only if the condition holds when that
// transaction has all of its locks: whoever changed the same rows before was
// committed by then, and is seen, and whoever comes later waits for the end of the
// transaction. What comes after the first transaction is part of one change, and is
// made without another look.
func Under(ctx context.Context, check func(ctx context.Context) error) context.Context {
	return context.WithValue(ctx, key{}, &Condition{check: check})
}

// Of returns the condition that a change under ctx has to keep; nil when
// there is none, or none any more.
func Of(ctx context.Context) *Condition {
	c, _ := ctx.Value(key{}).(*Condition)
	if c == nil || c.met.Load() {
		return nil
	}
	return c
}

// Check returns what stands against the change. What is read for that may change
// nothing: a transaction there would wait for the one that waits for the answer.
func (c *Condition) Check(ctx context.Context) error {
	return c.check(context.WithValue(ctx, key{}, looking))
}

// Looking reports whether a condition is looked at under ctx.
func Looking(ctx context.Context) bool {
	c, _ := ctx.Value(key{}).(*Condition)
	return c == looking
}

// looking stands for a condition while one is looked at.
var looking = new(Condition)

// Met says that a change was made under the condition.
func (c *Condition) Met() { c.met.Store(true) }
