package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
)

// counting counts the accounts that are loaded.
type counting struct {
	reconcile.Store
	loaded *int
}

func (c counting) count(n int) { *c.loaded += n }

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

func (c counting) LoadRun(ctx context.Context, a provision.Account, lockConnection bool) (reconcile.Run, []provision.Rule, error) {
	c.count(1)
	return c.Store.LoadRun(ctx, a, lockConnection)
}

func (c counting) AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) {
	found, err := c.Store.AccountsWhere(ctx, f, limit)
	c.count(len(found))
	return found, err
}

// crowded is a desk with many people, and a service that counts what it loads.
type crowded struct {
	*provisiontest.Harness
	service *reconcile.Service
	loaded  int
	people  int
}

func eachCrowded(t *testing.T, seats int, test func(h *crowded)) {
	t.Helper()
	provisiontest.Each(t, func(plain *provisiontest.Harness) {
		h := &crowded{Harness: plain}
		h.service = watched(plain, func(tx reconcile.Store) reconcile.Store { return counting{tx, &h.loaded} })
		h.Desk.Seats = seats
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		test(h)
	})
}

// add adds n people with accounts, which edit has changed.
func (h *crowded) add(n int, edit func(*provision.Account)) []provision.AccountID {
	h.Helper()
	accounts := make([]provision.Account, n)
	ids := make([]provision.AccountID, n)
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
			if edit != nil {
				edit(&a)
			}
			accounts[i], ids[i] = a, a.ID
		}
		return tx.SaveAccounts(h.Context(), accounts)
	}))
	return ids
}

// parked is an account that needs attention for code.
func parked(code provision.ReasonCode) func(*provision.Account) {
	return func(a *provision.Account) {
		a.State, a.Reason, a.ReasonCode = provision.AccountNeedsAttention, "because", code
	}
}

func seated(a *provision.Account) {
	a.State, a.Seat, a.DeskUser, a.Origin, a.Reconciled = provision.AccountReady, true, provision.DeskUserID(a.ID), provision.OriginMade, 1
}

// cost returns how many accounts do loads.
func (h *crowded) cost(do func()) int {
	h.loaded = 0
	do()
	return h.loaded
}

// refused runs people through who get a seat, and whom the desk then refuses.
func (h *crowded) refused(ids []provision.AccountID) {
	h.Helper()
	for _, id := range ids {
		r, err := h.service.Begin(h.Context(), id)
		h.Must(err)
		h.Must(r.TakeSeat(h.Context()))
		h.Must(r.NeedsAttention(h.Context(), provision.ReasonRefused, "no licence left", false))
	}
}

// turnedAway runs people through who get no seat.
func (h *crowded) turnedAway(ids []provision.AccountID) {
	h.Helper()
	for _, id := range ids {
		r, err := h.service.Begin(h.Context(), id)
		h.Must(err)
		no, ok := errors.AsType[*reconcile.AttentionError](r.TakeSeat(h.Context()))
		if !ok || no.Code != provision.ReasonSeat {
			h.Fatalf("refusal %v, want one for want of a seat", no)
		}
		h.Must(r.NeedsAttention(h.Context(), no.Code, no.Reason, false))
	}
}

// TestRunCostsTheSameInACrowd: what a run loads does not grow with how many
// people need attention, so 1,200 cost at most four times what 300 cost.
func TestRunCostsTheSameInACrowd(t *testing.T) {
	const few, runs = 300, 10
	for _, tt := range []struct {
		name  string
		seats int // one is taken
		code  provision.ReasonCode
		run   func(*crowded, []provision.AccountID)
	}{
		{"refused by the desk, where seats are free", 5, provision.ReasonRefused, (*crowded).refused},
		{"waiting for a seat", 1, provision.ReasonSeat, (*crowded).turnedAway},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachCrowded(t, tt.seats, func(h *crowded) {
				h.add(1, seated)
				h.add(few-runs, parked(tt.code))
				a := h.cost(func() { tt.run(h, h.add(runs, nil)) })
				h.add(3*few-runs, parked(tt.code))
				b := h.cost(func() { tt.run(h, h.add(runs, nil)) })
				if b > a || a > 6*runs {
					h.Errorf("%d runs load %d accounts among %d people, %d among %d", runs, a, few, b, 4*few)
				}
			})
		})
	}
}

// TestFreedSeatLoadsOne: of all who wait for a seat, the one whose turn it is.
func TestFreedSeatLoadsOne(t *testing.T) {
	eachCrowded(t, 2, func(h *crowded) {
		leaver := h.add(2, seated)[0]
		h.add(50, parked(provision.ReasonRefused))
		first := h.add(1, parked(provision.ReasonSeat))[0]
		h.add(400, parked(provision.ReasonSeat))
		a, err := h.Store.Account(h.Context(), leaver)
		h.Must(err)
		a.Desired, a.Revision, a.State = provision.Access{Status: provision.AccessSuspended}, 2, provision.AccountWaiting
		h.Must(h.Store.SaveAccounts(h.Context(), []provision.Account{a}))
		r, err := h.service.Begin(h.Context(), leaver)
		h.Must(err)
		n := h.cost(func() { h.Must(r.Confirm(h.Context(), nil)) })
		if n > 4 { // read, and locked with the leaver; and again
			h.Errorf("%d accounts loaded for one free seat", n)
		}
		waiting, err := h.Store.AccountsWhere(h.Context(), provision.AccountFilter{Desk: h.Desk.ID, State: provision.AccountWaiting}, 0)
		h.Must(err)
		if len(waiting) != 1 || waiting[0].ID != first || waiting[0].ReasonCode != provision.ReasonNone {
			h.Errorf("reconciled next: %+v, want only %s", waiting, first)
		}
	})
}
