//go:build !race

// Without the race detector: one goroutine after the other, with many people or
// again and again. test/run.sh plays them by themselves.

package worker_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// TestOneRunHoldsMany: the first run that finds that too many lose access puts
// all on hold whose turn it is, and nobody else.
func TestOneRunHoldsMany(t *testing.T) {
	each(t, func(s *settings) { s.policy.Brake = reconcile.Brake{Percent: 1} }, func(h *harness) {
		h.agents()
		ids := h.crowd(130)
		early, late, stays, out := ids[:110], ids[110:115], ids[115:129], ids[129]
		h.lose(early...)
		h.suspend(out.ID)
		h.offset.Add(int64(grace))
		h.lose(late...) // whose grace has just begun
		runs, _ := h.jobs()
		first := h.account(early[0].ID).ID
		again, err := h.worker.Reconcile(h.Context(), first)
		h.must(err)
		if !again.IsZero() {
			h.Fatalf("the first run waits until %v", again)
		}
		h.held(early...)
		for _, id := range late {
			h.state(id.ID, provision.AccountWaiting)
		}
		if a := h.state(out.ID, provision.AccountWaiting); a.Loss.Verdict != provision.VerdictNone {
			h.Errorf("decided about somebody who was suspended: %+v", a.Loss)
		}
		for _, id := range early {
			if n := h.actions(id.ID)["account.on_hold"]; n != 1 {
				h.Errorf("%s: %d entries of a hold", id.UserName, n)
			}
		}
		h.update(late[0].ID, roles("agent")) // moved between groups
		for _, id := range runs {
			h.reconcile(id)
		}
		h.drain()
		h.pass(grace)
		h.held(append(late[1:], early...)...)
		h.state(out.ID, provision.AccountEnded)
		for _, id := range append(stays, late[0]) {
			h.state(id.ID, provision.AccountReady)
		}
		if n, err := h.release(); err != nil || n != 114 {
			h.Errorf("released %d, %v; want 114", n, err)
		}
		h.drain()
		if h.activeUsers() != 15 {
			h.Errorf("%d active, want 15", h.activeUsers())
		}
	})
}

// TestALossSurvivesAnyDeath: a process that dies anywhere between a change of
// rules and the verdicts on what it takes away loses none of them, and ends
// nobody's access.
func TestALossSurvivesAnyDeath(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		r := h.rule("agent", provision.RoleAgent, nil, nil)
		ids := h.crowd(12)
		for step, killed := 1, true; killed; step += 1 + step/8 {
			h.must(h.core.Settings.RemoveRule(h.Context(), byTest, r.ID))
			left := step
			h.tick = func() {
				if left--; left == 0 {
					panic("killed")
				}
			}
			func() {
				defer func() { killed = recover() != nil }()
				h.drain()
				h.pass(grace)
			}()
			h.tick = nil
			h.restart() // and what was taken out of the queue is lost
			h.later = nil
			for range 3 {
				h.pass(reconcile.Lease + time.Second)
			}
			h.held(ids...)
			if h.activeUsers() != 12 || h.Failed() {
				h.Fatalf("%d of 12 have access after a death at the %d. look at the clock", h.activeUsers(), step)
			}
			for _, id := range ids {
				if a := h.account(id.ID); a.Loss.Verdict != provision.VerdictOnHold || a.LeaseUntil != nil {
					h.Fatalf("%s after a death at the %d. look at the clock: %+v", id.UserName, step, a.Loss)
				}
			}
			r = h.rule("agent", provision.RoleAgent, nil, nil)
			h.pass(time.Second)
			h.pass(time.Second)
			if h.onHold() {
				h.Fatal("on hold when everything is taken back")
			}
		}
	})
}
