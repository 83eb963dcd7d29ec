package core

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
)

// conditional is a database whose transactions keep the condition of their context, and
// are rolled back where they are rehearsed: see [condition.Under] and [condition.Rehearse].
type conditional struct {
	Database
	turn chan struct{} // one at a time: while it is looked at, it needs a second connection of those that there are
}

func keepingConditions(db Database) Database { return conditional{db, make(chan struct{}, 1)} }

var (
	errLooking   = errors.New("a change was begun while a condition was looked at")
	errRehearsed = errors.New("a change was rehearsed")
)

// InTx is part of [Database].
func (c conditional) InTx(ctx context.Context, fn func(tx *store.Store) error) error {
	if condition.Looking(ctx) {
		return errLooking
	}
	if condition.Rehearsing(ctx) {
		return c.rehearse(ctx, fn)
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

// rehearse runs fn in a transaction that is always rolled back, and returns what it would
// have returned.
func (c conditional) rehearse(ctx context.Context, fn func(tx *store.Store) error) error {
	err := c.Database.InTx(ctx, func(tx *store.Store) error {
		if err := fn(tx); err != nil {
			return err
		}
		if err := tx.Flush(ctx); err != nil { // the database has said yes to all of it
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}
