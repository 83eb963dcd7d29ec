package worker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/worker"
)

// until waits for something that the running worker brings about.
func (h *harness) until(what string, is func() bool) {
	h.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); {
		if time.Now().After(deadline) {
			h.Fatalf("%s: not within two minutes", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestRunner(t *testing.T) {
	each(t, func(s *settings) { s.policy.Grace = 100 * time.Millisecond }, func(h *harness) {
		runner, err := h.worker.Start(h.Context(), h.store.RiverDriver(), worker.Options{Workers: 4, Poll: 20 * time.Millisecond})
		h.must(err)
		h.agents()
		var ids []provision.Identity
		for i := range 5 {
			ids = append(ids, h.person(fmt.Sprintf("p%d", i), roles("agent")))
		}
		h.until("five people have access", func() bool { return h.activeUsers() == 5 })
		h.update(ids[0].ID, roles("nothing")) // ends after the grace, by a job that waits
		h.suspend(ids[1].ID)
		h.until("two people have lost it", func() bool { return h.activeUsers() == 3 })
		h.until("the log is sealed", func() bool {
			report, err := h.core.Audit.Verify(h.Context(), audit.Head{})
			h.must(err)
			return report.Sealed > 0
		})
		ctx, cancel := context.WithTimeout(h.Context(), 10*time.Second)
		defer cancel()
		h.must(runner.Stop(ctx))
	})
}

// TestStopDuringARun checks that a worker that is told to stop lets go of
// the account, so that another one need not wait for the lease to end.
func TestStopDuringARun(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		id := h.person("ann", roles("agent"))
		ctx, stop := context.WithCancel(h.Context())
		h.faults.after = func(_ int, call string) error {
			if call == "Create" {
				stop()
			}
			return nil
		}
		if _, err := h.worker.Reconcile(ctx, h.account(id.ID).ID); err != nil {
			h.Error(err)
		}
		a := h.state(id.ID, provision.AccountWaiting)
		if a.LeaseUntil != nil {
			h.Errorf("lease until %v", a.LeaseUntil)
		}
		h.faults.reset()
		h.pass(2 * time.Second)
		h.state(id.ID, provision.AccountReady)
		if n := h.actions(id.ID)["account.created"]; n != 1 {
			h.Errorf("%d creations in the log, want 1", n)
		}
	})
}

// TestNewDeskWhileRunning: a desk that is added while the worker runs is served,
// and so is a job that was enqueued without its desk, as older releases do.
func TestNewDeskWhileRunning(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.run(worker.Options{})
		fresh := provision.Desk{Name: "new", Kind: builtin.Kind, Settings: map[string]string{builtin.SettingTeams: "Tier 1", builtin.SettingMailboxes: "Help"}}
		var err error
		h.desk, err = h.core.Settings.AddDesk(h.Context(), byTest, fresh)
		h.must(err)
		h.agents()
		ann := h.person("ann", roles("agent"))
		h.until("ann has access", func() bool { return h.account(ann.ID).State == provision.AccountReady })

		h.update(ann.ID, func(i *provision.Identity) { i.Profile.GivenName = "Anna" })
		h.jobs() // hers is lost, unless it is done
		h.must(h.store.Enqueue(h.Context(), provision.Job{Kind: provision.JobReconcile, Account: h.account(ann.ID).ID}))
		h.until("her name is on the desk", func() bool { a := h.account(ann.ID); return a.State == provision.AccountReady && !a.Due() })
	})
}
