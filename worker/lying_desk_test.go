package worker_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker"
)

// behind puts a plan of faults between the worker and the desk.
func (h *harness) behind(plan lies.Plan) *lies.Desk {
	h.Helper()
	plan.Now = h.now
	d := lies.New(h.raw, plan)
	h.worker = worker.New(workerCore(h.core), func(provision.Desk) (desk.Desk, error) { return d.Desk(), nil }, testLog())
	h.worker.SetCircuit(worker.CircuitSettings{Failures: -1})
	return d
}

// unnumbered makes the desk one that knows teams and mailboxes by their names alone.
func (h *harness) unnumbered() {
	h.raw = struct {
		desk.Desk
		desk.Lister
	}{h.raw, h.raw.(desk.Lister)}
}

func deletes(s *settings) { s.desk.OnLeave = provision.LeaveDelete }

// TestDeletionThatIsNone: a desk that says yes to a deletion and keeps the user
// never makes an account ended.
func TestDeletionThatIsNone(t *testing.T) {
	each(t, deletes, func(h *harness) {
		h.agents()
		id := h.agent("ada")
		d := h.behind(lies.Plan{Script: []lies.Fault{{Kind: lies.Pretend, Method: lies.Delete, Times: lies.Always}}})
		h.suspend(id.ID)
		h.drain()
		h.pass(time.Hour)
		if a := h.account(id.ID); a.State == provision.AccountEnded || h.actions(id.ID)["account.ended"] != 0 {
			h.Errorf("account is %s (%q): %v", a.State, a.Reason, h.actions(id.ID))
		}
		if h.user("ada@"+domain) == nil || len(d.Did(lies.Delete)) != 0 || len(d.Told(lies.Delete)) == 0 {
			h.Errorf("the desk's books: %+v", d.Told(lies.Delete))
		}
		d.Heal()
		h.pass(time.Hour)
		h.state(id.ID, provision.AccountEnded)
		if h.user("ada@"+domain) != nil || len(d.Did(lies.Delete)) != 1 {
			h.Errorf("after it healed: %d deletions", len(d.Did(lies.Delete)))
		}
	})
}

// TestDeletionThatShowsLate: whether the desk deletes a moment later or shows it
// a moment later, it ends as ended, and not before the user is gone.
func TestDeletionThatShowsLate(t *testing.T) {
	for _, kind := range []lies.Kind{lies.Late, lies.Later} {
		t.Run(string(kind), func(t *testing.T) {
			each(t, deletes, func(h *harness) {
				h.agents()
				id := h.agent("ada")
				d := h.behind(lies.Plan{Script: []lies.Fault{{Kind: kind, Method: lies.Delete, Times: lies.Always, For: 30 * time.Second}}})
				h.suspend(id.ID)
				h.drain()
				if a := h.account(id.ID); a.State == provision.AccountEnded {
					h.Errorf("account is %s while the desk shows the user", a.State)
				}
				for range 20 {
					h.pass(time.Minute)
				}
				h.state(id.ID, provision.AccountEnded)
				if h.user("ada@"+domain) != nil || h.actions(id.ID)["account.ended"] != 1 {
					h.Errorf("%v; the desk's books: %+v", h.actions(id.ID), d.Did())
				}
			})
		})
	}
}

// TestEverythingTwice: a proxy that repeats requests changes nothing of what is
// reached.
func TestEverythingTwice(t *testing.T) {
	each(t, deletes, func(h *harness) {
		h.agents()
		d := h.behind(lies.Plan{Script: []lies.Fault{{Kind: lies.Twice, Times: lies.Always}}})
		id := h.agent("ada")
		h.state(id.ID, provision.AccountReady)
		h.conversation(h.account(id.ID).DeskUser)
		h.suspend(id.ID)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
		if n := len(d.Did(lies.Create)); n != 1 || h.user("ada@"+domain) != nil {
			h.Errorf("%d creations", n)
		}
	})
}
