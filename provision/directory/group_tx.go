package directory

import (
	"context"
	"errors"
)

// groupTx is a transaction that changes a group. It begins beside others, and
// is alone when what it does reaches people through groups that it does not
// lock.
type groupTx struct {
	Store
	exclusive bool
}

var errNotAlone = errors.New("provision: the change must be made while no other reads rules")

// alone fails unless rules are locked; [Service.inGroupTx] then begins anew.
func (tx groupTx) alone() error {
	if !tx.exclusive {
		return errNotAlone
	}
	return nil
}

// inGroupTx runs fn, which reads rules before anything else. Most changes of
// groups add or remove people and go side by side. Those that nest groups or
// bind rules lock the rules and so wait for every evaluation: a person who
// enters a group while that group is put into another one would be seen by
// neither side.
func (s *Service) inGroupTx(ctx context.Context, fn func(tx groupTx) error) error {
	err := s.inTx(ctx, func(tx Store) error { return fn(groupTx{Store: tx}) })
	if !errors.Is(err, errNotAlone) {
		return err
	}
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		return fn(groupTx{Store: tx, exclusive: true})
	})
}
