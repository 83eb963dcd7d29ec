package deskhealth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store"
)

// counting counts the accounts that are loaded.
type counting struct {
	deskhealth.Store
	loaded *int
	most   *int // at once
}

func (c counting) count(n int) {
	*c.loaded += n
	*c.most = max(*c.most, n)
}

func (c counting) Account(ctx context.Context, id provision.AccountID) (provision.Account, error) {
	c.count(1)
	return c.Store.Account(ctx, id)
}

func (c counting) LockAccount(ctx context.Context, id provision.AccountID) (provision.Account, error) {
	c.count(1)
	return c.Store.LockAccount(ctx, id)
}

func (c counting) LockAccounts(ctx context.Context, ids []provision.AccountID) ([]provision.Account, error) {
	c.count(len(ids))
	return c.Store.LockAccounts(ctx, ids)
}

func (c counting) AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) {
	found, err := c.Store.AccountsWhere(ctx, f, limit)
	c.count(len(found))
	return found, err
}

// crowded is a desk with many people, and a service that counts what it loads.
type crowded struct {
	*provisiontest.Harness
	service *deskhealth.Service
	loaded  int
	most    int // at once
	people  int
}

func eachCrowded(t *testing.T, test func(h *crowded)) {
	t.Helper()
	provisiontest.Each(t, func(plain *provisiontest.Harness) {
		h := &crowded{Harness: plain}
		around := func(tx deskhealth.Store) deskhealth.Store { return counting{tx, &h.loaded, &h.most} }
		h.service = deskhealth.New(around(h.Store), func(ctx context.Context, fn func(deskhealth.Store) error) error {
			return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(around(tx)) })
		}, h.Core.Audit, h.Core.Entitlement, h.Core.Reconcile, h.Core.Now)
		test(h)
	})
}

// add adds n people with accounts, which edit has changed.
func (h *crowded) add(n int, edit func(*provision.Account)) {
	h.Helper()
	accounts := make([]provision.Account, n)
	h.Must(h.Store.InTx(h.Context(), func(tx *store.Store) error {
		for i := range accounts {
			h.people++
			p := provisiontest.Someone(fmt.Sprintf("p%05d", h.people))
			p.ID, p.Connection, p.Version = provision.NewID[provision.IdentityID](), h.Conn.ID, 1
			if err := tx.InsertIdentity(h.Context(), p); err != nil {
				return err
			}
			a := provision.Account{ID: provision.NewID[provision.AccountID](), Identity: p.ID, Connection: h.Conn.ID, Desk: h.Desk.ID,
				Desired: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent}, Profile: p.Profile, Revision: 1, State: provision.AccountWaiting}
			edit(&a)
			accounts[i] = a
		}
		return tx.SaveAccounts(h.Context(), accounts)
	}))
}

// TestEndOfPauseLoadsTheDeferred: nobody but those who were deferred, and not
// all of them at once.
func TestEndOfPauseLoadsTheDeferred(t *testing.T) {
	eachCrowded(t, func(h *crowded) {
		later := h.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		const deferred = 450
		h.add(deferred, func(a *provision.Account) {
			a.Reason, a.ReasonCode, a.RetryAt = "support is not called for now: down", provision.ReasonDeskPaused, &later
		})
		h.add(500, func(a *provision.Account) {
			a.Reason, a.ReasonCode, a.RetryAt = "failed", provision.ReasonFailed, &later
		})
		h.add(100, func(a *provision.Account) {
			a.State, a.Reason, a.ReasonCode = provision.AccountNeedsAttention, "because", provision.ReasonRefused
		})
		h.Must(h.service.EndPause(h.Context(), h.Desk.ID))
		if n := h.loaded; n > 2*deferred || h.most > 200 {
			h.Errorf("%d accounts loaded, %d at once, for %d that were deferred", n, h.most, deferred)
		}
		if jobs := h.Counts().Jobs; jobs != deferred {
			h.Errorf("%d are reconciled at once, want %d", jobs, deferred)
		}
	})
}
