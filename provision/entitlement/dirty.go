package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// dirtyBatch is how many dirty people one transaction evaluates: others wait
// for it on SQLite, and whoever changes one of them on PostgreSQL.
const dirtyBatch = 50

// byItself is the cause of an evaluation that another change has left to a worker.
var byItself = provision.Cause{Actor: "system", Action: "evaluate"}

// EvaluateDirty evaluates the people of a connection that are marked dirty, in
// batches of one transaction each, until none is left.
func (s *Service) EvaluateDirty(ctx context.Context, conn provision.ConnectionID) error {
	for {
		n := 0
		err := s.inTx(ctx, func(tx Store) error {
			rules, err := tx.Rules(ctx, conn)
			if err != nil {
				return err
			}
			ids, err := tx.Dirty(ctx, conn, dirtyBatch)
			if err != nil {
				return err
			}
			if n = len(ids); n == 0 {
				n, err = s.evaluateNext(ctx, tx, conn, rules)
				return err
			}
			people, err := tx.LockIdentities(ctx, conn, ids)
			if err != nil {
				return err
			}
			if err := s.EvaluateIn(ctx, tx, byItself, conn, rules, people); err != nil {
				return err
			}
			return tx.ClearDirty(ctx, conn, ids)
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// evaluateNext evaluates the next people of a connection that is to be evaluated
// as a whole, and returns how many these were.
func (s *Service) evaluateNext(ctx context.Context, tx Store, conn provision.ConnectionID, rules []provision.Rule) (int, error) {
	next, err := tx.NextDirty(ctx, conn, dirtyBatch)
	if err != nil {
		return 0, err
	}
	if len(next.People) > 0 {
		if err := s.evaluateWhole(ctx, tx, conn, rules, next); err != nil {
			return 0, err
		}
	}
	if next.Last { // what was allowed and has not come to pass is not allowed for another time
		err = tx.DropAllowances(ctx, conn)
	}
	return len(next.People), err
}

// MarkChanged has the access of everybody of the connection evaluated by a
// worker, after an admin changed what grants it; cause says in words what they
// did. Rules are locked by the caller, see [Service.MarkDirty].
func (s *Service) MarkChanged(ctx context.Context, tx Store, conn provision.ConnectionID, cause string) error {
	if err := tx.MarkWhole(ctx, conn, cause, s.now()); err != nil {
		return err
	}
	return tx.Enqueue(ctx, provision.Job{Kind: provision.JobEvaluate, Connection: conn})
}

// MarkDirty has the access of everybody in group evaluated by a worker; with
// "" that of the whole connection. Rules are locked by the caller: otherwise
// somebody who enters one of the groups below at the same moment would be
// missed, because neither transaction sees what the other has written.
func (s *Service) MarkDirty(ctx context.Context, tx Store, conn provision.ConnectionID, group provision.GroupID) error {
	if err := tx.MarkDirty(ctx, conn, group, s.now()); err != nil {
		return err
	}
	return tx.Enqueue(ctx, provision.Job{Kind: provision.JobEvaluate, Connection: conn})
}

// MarkPeople has the access of people evaluated by a worker. Their rows are
// locked by the caller: a worker who is at one of them has either seen what the
// caller changes, or is waited for.
func (s *Service) MarkPeople(ctx context.Context, tx Store, conn provision.ConnectionID, people []provision.IdentityID) error {
	if err := tx.MarkPeople(ctx, conn, people, s.now()); err != nil {
		return err
	}
	return tx.Enqueue(ctx, provision.Job{Kind: provision.JobEvaluate, Connection: conn})
}
