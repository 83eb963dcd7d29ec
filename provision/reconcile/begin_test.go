package reconcile_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
)

// TestBeginBesideApply: somebody's access ends while a configuration is applied,
// which locks rules and then the connection. Neither loses its transaction to
// the other.
func TestBeginBesideApply(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		p := h.Person("ann", "agent")
		h.SetStatus(p.ID, provision.StatusSuspended)
		account := h.Account(p.ID).ID
		var begins, applies atomic.Int32
		service := watched(h, func(tx reconcile.Store) reconcile.Store { begins.Add(1); return tx })
		begins.Store(0)
		begun := make(chan error, 1)
		h.Must(h.Store.InTx(h.Context(), func(tx *store.Store) error {
			if err := tx.LockRules(h.Context()); err != nil {
				return err
			}
			if applies.Add(1) == 1 {
				go func() {
					_, err := service.Begin(h.Context(), account)
					begun <- err
				}()
			}
			time.Sleep(200 * time.Millisecond) // for it to take what it can
			_, err := tx.LockConnection(h.Context(), h.Conn.ID)
			return err
		}))
		h.Must(<-begun)
		if begins.Load() != 1 || applies.Load() != 1 {
			h.Errorf("%d transactions to begin, %d to apply; want one each", begins.Load(), applies.Load())
		}
	})
}

// TestTurnsKeepNobody: while one run waits for the database to decide whether
// access may end, another one of the connection is put off: it does not keep a
// worker from those who wait for it.
func TestTurnsKeepNobody(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		var accounts []provision.AccountID
		for _, name := range []string{"ann", "bob"} {
			p := h.Person(name, "agent")
			h.SetStatus(p.ID, provision.StatusSuspended)
			accounts = append(accounts, h.Account(p.ID).ID)
		}
		inside, release, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		var deciding atomic.Bool
		service := watched(h, func(tx reconcile.Store) reconcile.Store {
			if deciding.CompareAndSwap(true, false) {
				close(inside)
				<-release
			}
			return tx
		})
		deciding.Store(true)
		go func() {
			_, err := service.Begin(h.Context(), accounts[0])
			first <- err
		}()
		<-inside
		ctx, cancel := context.WithTimeout(h.Context(), 5*time.Second)
		_, err := service.Begin(ctx, accounts[1])
		cancel()
		if later, ok := errors.AsType[*reconcile.LaterError](err); !ok || !later.At.After(h.Now()) {
			h.Errorf("a run that cannot have its turn: %v, want it to be put off", err)
		}
		close(release)
		h.Must(<-first)
		_, err = service.Begin(h.Context(), accounts[1])
		h.Must(err)
	})
}
