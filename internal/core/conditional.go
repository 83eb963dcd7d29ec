package core

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
)

// conditional is a database whose transactions keep the condition of their context:
// see [condition.Under].
type conditional struct {
	Database
	turn chan struct{} // one at a time: while it is looked at, it needs a second connection of those that there are
}

func keepingConditions(db Database) Database { return conditional{db, make(chan struct{}, 1)} }

var errLooking = errors.New("a change was begun while a condition was looked at")

// InTx is part of [Database].
func (c conditional) InTx(ctx context.Context, fn func(tx *store.Store) error) error {
	if condition.Looking(ctx) {
		return errLooking
	}
	keep := condition.Of(ctx)
	if keep == nil {
		return c.Database.InTx(ctx, fn)
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := c.Database.InTx(ctx, func(tx *store.Store) error {
		if err := fn(tx); err != nil {
			return err
		}
		if err := tx.Flush(ctx); err != nil { // now it has all of its locks
			return err
		}
		return keep.Check(ctx)
	})
	if err == nil {
		keep.Met()
		return nil
	}
	// What another has changed is often also why it cannot be made: that it was
	// changed is the better answer.
	if _, ours := errors.AsType[*provision.Error](err); ours {
		if stale := keep.Check(ctx); stale != nil {
			return stale
		}
	}
	return err
}
