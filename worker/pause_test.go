package worker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// withCircuit gives the harness a worker that pauses the desk.
func (h *harness) withCircuit(p worker.CircuitSettings) {
	h.worker = worker.New(workerCore(h.core), h.open, testLog())
	h.worker.SetCircuit(p)
}

func (h *harness) health() deskhealth.Health {
	h.Helper()
	health, err := h.core.DeskHealth.All(h.Context())
	h.must(err)
	return health[h.desk.ID]
}

// run works off the queue until the test ends.
func (h *harness) run(opts worker.Options) {
	h.Helper()
	opts.Poll = 20 * time.Millisecond
	r, err := h.worker.Start(h.Context(), h.store.RiverDriver(), opts)
	h.must(err)
	h.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			h.Error(err)
		}
	})
}

// TestPausedDesk: of many runs to a desk that is down, few call it, the others
// are put off without an attempt, and people see why.
func TestPausedDesk(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		h.withCircuit(worker.CircuitSettings{Failures: 3, Pause: time.Hour})
		var ids []provision.Identity
		for i := range 12 {
			ids = append(ids, h.person(fmt.Sprintf("p%d", i), roles("agent")))
		}
		h.faults.reset()
		h.faults.fail("Find", desk.Errorf(desk.Retryable, "it is down for maintenance"))
		for _, id := range ids {
			h.reconcile(h.account(id.ID).ID)
		}
		if calls := h.faults.calls; calls != 4 { // a check, and three who ask for their user
			h.Errorf("%d calls", calls)
		}
		tried := 0
		for _, id := range ids {
			a := h.state(id.ID, provision.AccountWaiting)
			tried += a.Attempts
			if !strings.Contains(a.Reason, "it is down for maintenance") || a.LeaseUntil != nil || a.RetryAt == nil {
				h.Errorf("attempts %d, lease %v, retry %v: %q", a.Attempts, a.LeaseUntil, a.RetryAt, a.Reason)
			}
		}
		if tried != 3 {
			h.Errorf("%d attempts, want 3", tried)
		}
		if p := h.health().Pause; p == nil || p.Reason != "it is down for maintenance" {
			h.Errorf("pause %+v", p)
		}
	})
}

// TestDeskComesBack: when a desk answers again, all goes on by itself.
func TestDeskComesBack(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		h.withCircuit(worker.CircuitSettings{Failures: 2, Pause: 100 * time.Millisecond})
		var down atomic.Bool
		down.Store(true)
		h.faults.before = func(int, string) error {
			if down.Load() {
				return desk.Errorf(desk.Retryable, "it is down")
			}
			return nil
		}
		for i := range 12 {
			h.person(fmt.Sprintf("p%d", i), roles("agent"))
		}
		h.run(worker.Options{Workers: 4})
		h.until("it is known to be down", func() bool { return h.health().Pause != nil })
		down.Store(false)
		h.until("all have access, and it is known to be up", func() bool { return h.activeUsers() == 12 && h.health().Pause == nil })
	})
}

// TestPauseKeepsNobodyFromStopping: who leaves the queue of a paused desk alone is woken
// when the process stops.
func TestPauseKeepsNobodyFromStopping(t *testing.T) {
	h := build(t, storetest.SQLite(t), chosen(nil))
	h.agents()
	h.drain()
	h.withCircuit(worker.CircuitSettings{Failures: 1, Pause: time.Hour})
	h.faults.fail("Check", desk.Errorf(desk.Retryable, "it is down"))
	h.person("ann", roles("agent"))
	bob := h.person("bob", roles("agent"))
	r, err := h.worker.Start(t.Context(), h.store.RiverDriver(), worker.Options{Workers: 1, Poll: 20 * time.Millisecond})
	h.must(err)
	h.until("a run was put off", func() bool { return h.account(bob.ID).ReasonCode == provision.ReasonDeskPaused })
	began := time.Now()
	h.must(r.Stop(t.Context()))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// TestDeskThatAsksForTime: a desk that says when to come back has every run
// wait, not the one alone that it said it to.
func TestDeskThatAsksForTime(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		h.withCircuit(worker.CircuitSettings{})
		ann, bob := h.person("ann", roles("agent")), h.person("bob", roles("agent"))
		h.faults.fail("Create", &desk.Error{Kind: desk.Retryable, Detail: "too many requests", RetryAfter: 5 * time.Minute})
		h.reconcile(h.account(ann.ID).ID)
		calls := h.faults.calls
		h.reconcile(h.account(bob.ID).ID)
		if h.faults.calls != calls {
			h.Errorf("called %d times more", h.faults.calls-calls)
		}
		for name, id := range map[string]provision.Identity{"ann": ann, "bob": bob} {
			a := h.state(id.ID, provision.AccountWaiting)
			if wait := a.RetryAt.Sub(h.now()); wait < 4*time.Minute || wait > 8*time.Minute {
				h.Errorf("%s is reconciled again in %v", name, wait)
			}
		}
	})
}

// TestPauseWithinARun: what a run did not get to is not taken for done.
func TestPauseWithinARun(t *testing.T) {
	for _, at := range []string{"Assign", "SetActive"} {
		t.Run(at, func(t *testing.T) {
			each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverUnassign }, func(h *harness) {
				h.agents()
				id := h.agent("ann")
				for range 3 {
					h.conversation(h.account(id.ID).DeskUser)
				}
				h.withCircuit(worker.CircuitSettings{Failures: 1, Pause: 200 * time.Millisecond})
				h.suspend(id.ID)
				h.faults.before = func(_ int, call string) error {
					if call == at { // somebody else's run finds the desk down at just this moment
						h.faults.before = nil
						return desk.Errorf(desk.Retryable, "down")
					}
					return nil
				}
				h.run(worker.Options{Workers: 1})
				h.until("ended", func() bool { return h.account(id.ID).State == provision.AccountEnded })
				got := h.actions(id.ID)
				for action, want := range map[string]int{"conversation.handed_over": 3, "account.deactivated": 1, "account.ended": 1} {
					if got[action] != want {
						h.Errorf("%d entries %s, want %d", got[action], action, want)
					}
				}
			})
		})
	}
}

// TestLeaversGoFirst: whoever leaves is served before everybody who comes, even
// when asked for last.
func TestLeaversGoFirst(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		leaver := h.agent("leaver")
		for i := range 15 {
			h.person(fmt.Sprintf("p%d", i), roles("agent"))
		}
		h.suspend(leaver.ID)
		h.faults.reset()
		h.run(worker.Options{Workers: 1})
		h.until("all is done", func() bool { return h.activeUsers() == 15 && h.account(leaver.ID).State == provision.AccountEnded })
		writes := h.faults.wrote()
		if first, left := slices.Index(writes, "Create"), slices.Index(writes, "SetActive"); first < left {
			h.Errorf("somebody came in before the leaver was out: %v", writes)
		}
	})
}

// TestParkedAccountsAreRetried: what waits for a person goes on at a word of
// theirs, all at once or one.
func TestParkedAccountsAreRetried(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		h.faults.fail("Create", desk.Errorf(desk.Permanent, "no licence left"))
		ids := h.crowd(3)
		for _, id := range ids {
			h.state(id.ID, provision.AccountNeedsAttention)
		}
		h.faults.reset()
		n, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, h.account(ids[0].ID).ID, false)
		h.must(err)
		h.drain()
		if n != 1 || h.activeUsers() != 1 {
			h.Errorf("one: %d retried, %d active", n, h.activeUsers())
		}
		n, err = h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{Desk: h.desk.ID}, "", false)
		h.must(err)
		h.drain()
		if n != 2 || h.activeUsers() != 3 {
			h.Errorf("the rest: %d retried, %d active", n, h.activeUsers())
		}
	})
}

// TestPutOffIsCalledBack: when a desk answers, nobody waits for the time that
// they were deferred to.
func TestPutOffIsCalledBack(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		ann, bob, eve := h.person("ann", roles("agent")), h.person("bob", roles("agent")), h.person("eve", roles("agent"))
		for _, id := range []provision.Identity{ann, bob} {
			v, err := h.core.Reconcile.Begin(h.Context(), h.account(id.ID).ID)
			h.must(err)
			h.must(v.Defer(h.Context(), "it is down", time.Hour))
		}
		v, err := h.core.Reconcile.Begin(h.Context(), h.account(eve.ID).ID)
		h.must(err)
		_, err = v.Fail(h.Context(), provision.ReasonFailed, "of her own", time.Hour)
		h.must(err)
		h.jobs() // are lost
		h.must(h.core.DeskHealth.NotePause(h.Context(), h.desk.ID, "it is down", time.Hour))
		h.must(h.core.DeskHealth.EndPause(h.Context(), h.desk.ID))
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		h.state(bob.ID, provision.AccountReady)
		if a := h.state(eve.ID, provision.AccountWaiting); a.RetryAt == nil {
			h.Error("whoever waits for something else was called back, too")
		}
	})
}
