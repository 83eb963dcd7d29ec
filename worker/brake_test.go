package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// crowd adds n people with access, and some without.
func (h *harness) crowd(n int) []provision.Identity {
	h.Helper()
	ids := make([]provision.Identity, n)
	for i := range ids {
		ids[i] = h.person(fmt.Sprintf("p%02d", i), roles("agent"))
		if i%4 == 0 {
			h.person(fmt.Sprintf("outsider%02d", i), nil)
		}
	}
	h.drain()
	return ids
}

func (h *harness) onHold() bool {
	h.Helper()
	c, err := h.core.Settings.Connection(h.Context(), h.conn.Name)
	h.must(err)
	return c.HeldAt != nil
}

func (h *harness) suspendAll(ids []provision.Identity) {
	h.Helper()
	for _, id := range ids {
		h.suspend(id.ID)
	}
}

func withBrake(s *settings) { s.policy.Brake = reconcile.Brake{} }

func TestBrake(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(12)

		h.suspendAll(ids[:5]) // as many as may
		h.drain()
		if h.onHold() || h.activeUsers() != 7 {
			h.Fatalf("five leavers: held %v, %d active", h.onHold(), h.activeUsers())
		}
		h.suspend(ids[5].ID)
		h.drain()
		if !h.onHold() || h.activeUsers() != 7 {
			h.Fatalf("a sixth: held %v, %d active", h.onHold(), h.activeUsers())
		}
		h.state(ids[5].ID, provision.AccountOnHold)

		h.restore(ids[5].ID) // taken back at the IdP
		h.pass(time.Second)
		if h.onHold() {
			h.Error("still held when nobody is")
		}
		h.pass(11 * time.Minute)
		h.suspend(ids[6].ID) // a single one, later
		h.drain()
		h.state(ids[6].ID, provision.AccountEnded)
	})
}

func TestBrakeOnAMassChange(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		r := h.rule("agent", provision.RoleAgent, nil, nil)
		ids := h.crowd(12)
		h.must(h.core.Settings.RemoveRule(h.Context(), byTest, r.ID)) // all at once
		h.drain()
		h.pass(grace)
		if !h.onHold() || h.activeUsers() != 12 {
			h.Fatalf("held %v, %d active, want all 12", h.onHold(), h.activeUsers())
		}
		h.pass(time.Hour) // waits for a person, not for the window
		if h.activeUsers() != 12 {
			h.Errorf("%d active after an hour, want 12", h.activeUsers())
		}

		h.rule("agent", provision.RoleAgent, nil, nil) // taken back
		h.drain()
		h.pass(time.Second)
		if h.onHold() || h.activeUsers() != 12 {
			h.Errorf("taken back: held %v, %d active", h.onHold(), h.activeUsers())
		}

		h.suspendAll(ids)
		h.drain()
		if h.activeUsers() != 12 {
			h.Errorf("%d active, want 12", h.activeUsers())
		}
		n, err := h.core.Reconcile.Release(h.Context(), byTest, h.conn.Name, reconcile.Whom{All: true})
		h.must(err)
		h.drain()
		if n != 12 || h.activeUsers() != 0 || h.onHold() {
			h.Errorf("released %d, %d active, held %v", n, h.activeUsers(), h.onHold())
		}
	})
}

func TestBrakeWhileMovingGroups(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(12)
		for _, id := range ids {
			h.update(id.ID, roles("nothing"))
		}
		h.drain() // within the grace
		for _, id := range ids {
			h.update(id.ID, roles("agent"))
		}
		h.drain()
		if h.onHold() {
			h.Error("people who only moved count as leavers")
		}
		for _, id := range ids {
			h.state(id.ID, provision.AccountReady)
		}
	})
}

func TestBrakeOff(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ids := h.crowd(8)
		h.suspendAll(ids)
		h.drain()
		if h.onHold() || h.activeUsers() != 0 {
			h.Errorf("held %v, %d active", h.onHold(), h.activeUsers())
		}
	})
}

func TestBrakeByPercent(t *testing.T) {
	each(t, func(s *settings) { s.policy.Brake = reconcile.Brake{Percent: 50} }, func(h *harness) {
		h.agents()
		ids := h.crowd(14)
		h.suspendAll(ids[:7])
		h.drain()
		if h.onHold() || h.activeUsers() != 7 {
			h.Errorf("half of them: held %v, %d active", h.onHold(), h.activeUsers())
		}
		h.suspend(ids[7].ID)
		h.drain()
		if !h.onHold() {
			h.Error("more than half of them were not held")
		}
	})
}
