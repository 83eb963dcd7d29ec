package reconcile_test

import (
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
