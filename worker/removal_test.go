package worker_test

import (
	"errors"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// TestRemovalIsNotRejected: an admin has said that a connection's or a desk's
// access ends; whoever says that losses are not carried out means others.
func TestRemovalIsNotRejected(t *testing.T) {
	for what, remove := range map[string]func(h *harness) error{
		"connection": func(h *harness) error {
			conn, err := h.core.Removal.RemoveConnection(h.Context(), byTest, h.conn.ID, false)
			h.conn.Name = conn.Name
			return err
		},
		"desk": func(h *harness) error {
			_, err := h.core.Removal.RemoveDesk(h.Context(), byTest, h.desk.ID, false)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, withBrake, func(h *harness) {
				h.agents()
				ids := h.crowd(7)
				h.lose(ids[:6]...)
				h.drain()
				h.pass(grace)
				h.held(ids[:6]...)
				_, err := h.reject(ids[0].UserName)
				h.must(err)
				h.must(remove(h))
				h.must(h.core.Entitlement.EvaluateDirty(h.Context(), h.conn.ID))
				h.offset.Add(int64(grace))
				run, err := h.core.Reconcile.Begin(h.Context(), h.account(ids[6].ID).ID) // a worker is at it
				h.must(err)
				if n, err := h.reject(ids[6].UserName); err == nil {
					h.Errorf("rejected %d whose run has begun", n)
				}
				if n, err := h.reject(ids[1].UserName); err == nil {
					h.Errorf("rejected %d who lose access by the removal", n)
				}
				if n, err := h.reject(); n != 0 || what == "connection" && err == nil {
					h.Errorf("rejected all %d, %v", n, err)
				}
				_, err = run.Fail(h.Context(), provision.ReasonFailed, "the desk is away", 0)
				h.must(err)
				h.drain()
				h.pass(reconcile.Lease * 2)
				if h.onHold() || h.activeUsers() != 0 {
					h.Errorf("on hold %v, %d active", h.onHold(), h.activeUsers())
				}
				h.must(h.core.Removal.Finish(h.Context()))
				if accounts, err := h.store.AccountsWhere(h.Context(), provision.AccountFilter{}, 0); err != nil || len(accounts) > 0 {
					h.Errorf("%d accounts are left, %v", len(accounts), err)
				}
			})
		})
	}
}

// TestHeldWhileBeingRemoved: what a process puts on hold that has not seen the
// removal yet is let go of by whoever finishes it.
func TestHeldWhileBeingRemoved(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		_, err := h.core.Removal.RemoveDesk(h.Context(), byTest, h.desk.ID, false)
		h.must(err)
		h.must(h.core.Entitlement.EvaluateDirty(h.Context(), h.conn.ID))
		a := h.account(ann.ID)
		a.State, a.ReasonCode, a.Loss.Verdict = provision.AccountOnHold, provision.ReasonRejected, provision.VerdictRejected
		h.must(h.store.SaveAccounts(h.Context(), []provision.Account{a}))
		h.must(h.core.Removal.Finish(h.Context()))
		h.pass(grace)
		h.state(ann.ID, provision.AccountEnded)
	})
}

// TestNobodyComesInOnWhatIsBeingRemoved: whoever was about to get access to a desk
// gets none any more.
func TestNobodyComesInOnWhatIsBeingRemoved(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann := h.person("ann", roles("agent"))
		_, err := h.core.Removal.RemoveDesk(h.Context(), byTest, h.desk.ID, false)
		h.must(err)
		if _, err := h.core.Reconcile.Begin(h.Context(), h.account(ann.ID).ID); !errors.Is(err, reconcile.ErrNotDue) {
			h.Errorf("a run that gives access: %v", err)
		}
		h.drain()
		if u := h.user(ann.Profile.Email); u != nil {
			h.Errorf("somebody came in: %+v", u)
		}
		h.must(h.core.Removal.Finish(h.Context()))
		if _, err := h.store.Desk(h.Context(), string(h.desk.ID)); !provision.IsNotFound(err) {
			h.Errorf("the desk is left: %v", err)
		}
	})
}
