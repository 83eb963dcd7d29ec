package worker_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

// TestLossesOfAnOlderRelease: a process of a release before, which counts no
// losses, ends access beside this one. What this one carries out of that is
// counted all the same; whoever is dismissed is out at once.
func TestLossesOfAnOlderRelease(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(20)
		h.lose(ids[:12]...)
		h.suspend(ids[12].ID)
		_, err := h.store.DB().ExecContext(h.Context(), `UPDATE accounts SET loss_since = NULL, loss_person = '', loss_cause = '', loss_verdict = '', loss_by = ''`)
		h.must(err)
		h.drain()
		h.pass(grace)
		h.state(ids[12].ID, provision.AccountEnded)
		if n := h.activeUsers(); !h.onHold() || n < 20-1-6 {
			h.Errorf("held %v, %d active", h.onHold(), n)
		}
	})
}
