package leavestep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store

	Desk(ctx context.Context, nameOrID string) (provision.Desk, error)
	// DueSteps returns up to limit accounts whose access has ended and that no run is due
	// for, of which a step was due at a moment, the longest due first.
	DueSteps(ctx context.Context, at time.Time, limit int) ([]provision.Account, error)
}

// Service sees to the later steps. It is safe for concurrent use, by any number of
// processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	entitlement *entitlement.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], entitlements *entitlement.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, entitlement: entitlements, now: now}
}

// atOnce is how many accounts one round sees to.
const atOnce = 200

// Pass has accounts reconciled whose next step is due. It returns how many. One that its
// desk does later by now, or not any more, is noted so.
func (s *Service) Pass(ctx context.Context) (n int, _ error) {
	due, err := s.store.DueSteps(ctx, s.now(), atOnce)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, found := range due {
		begun := false
		err := s.inTx(ctx, func(tx Store) error {
			begun = false
			a, err := tx.LockAccount(ctx, found.ID)
			if err != nil || a.State != provision.AccountEnded || a.Due() {
				return err
			}
			on, err := tx.Desk(ctx, string(a.Desk))
			if err != nil || on.Removal != provision.RemovalNone {
				return err
			}
			now := s.now()
			course := a.Leaving
			if !course.Look(on.OnLeave, now) {
				return nil
			}
			if course.Reached != a.Leaving.Reached { // the run finds the same, and does it
				begun = true
				return s.entitlement.Requeue(ctx, tx, []provision.Account{a})
			}
			a.Leaving, a.UpdatedAt = course, now
			return tx.SaveAccounts(ctx, []provision.Account{a})
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("account %s: %w", found.ID, err))
		} else if begun {
			n++
		}
	}
	return n, errors.Join(failed...)
}
