package reconcile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		attempts int
		least    time.Duration
		most     time.Duration
	}{
		{0, 500 * time.Millisecond, time.Second},
		{1, 500 * time.Millisecond, time.Second},
		{2, time.Second, 2 * time.Second},
		{5, 8 * time.Second, 16 * time.Second},
		{9, 128 * time.Second, 256 * time.Second},
		{10, 150 * time.Second, 300 * time.Second},
		{1000, 150 * time.Second, 300 * time.Second},
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			got := reconcile.Backoff(tt.attempts)
			if got < tt.least || got > tt.most {
				t.Errorf("Backoff(%d) = %v, want %v to %v", tt.attempts, got, tt.least, tt.most)
			}
			seen[got] = true
		}
		if len(seen) < 50 {
			t.Errorf("Backoff(%d) took only %d values in 100 tries", tt.attempts, len(seen))
		}
	}
}

// TestCatchUp loses the jobs of accounts, and the worker of one.
func TestCatchUp(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		lost, died, done := h.Person("lost", "agent"), h.Person("died", "agent"), h.Person("done", "agent")
		v, err := h.Core.Reconcile.Begin(h.Context(), h.Account(done.ID).ID)
		h.Must(err)
		h.Must(v.Confirm(h.Context(), nil))
		h.Tamper(`DELETE FROM river_job`)
		h.Offset.Add(int64(time.Minute))
		_, err = h.Core.Reconcile.Begin(h.Context(), h.Account(died.ID).ID)
		h.Must(err)

		catchUp := func() int {
			before := h.Counts().Jobs
			n, err := h.Core.Reconcile.CatchUp(h.Context(), reconcile.Lease)
			h.Must(err)
			if jobs := h.Counts().Jobs - before; jobs != n {
				h.Errorf("%d jobs for %d accounts", jobs, n)
			}
			return n
		}
		if n := catchUp(); n != 1 {
			h.Errorf("%d accounts, want the one whose job was lost", n)
		}
		if n := catchUp(); n != 0 {
			h.Errorf("%d accounts right after, want none", n)
		}
		h.Offset.Add(int64(time.Minute))
		if n := catchUp(); n != 2 {
			h.Errorf("%d accounts, want both", n)
		}
		if a := h.Account(lost.ID); !a.Due() {
			h.Error("not due")
		}
	})
}

func TestBeginVisit(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann := h.Person("ann", "agent")
		id := h.Account(ann.ID).ID
		_, err := h.Core.Reconcile.Begin(h.Context(), "none")
		h.Code(err, provision.NotFound)

		v, err := h.Core.Reconcile.Begin(h.Context(), id)
		h.Must(err)
		_, err = h.Core.Reconcile.Begin(h.Context(), id)
		if !errors.Is(err, reconcile.ErrBusy) {
			h.Errorf("second run: %v", err)
		}
		at, err := v.Fail(h.Context(), provision.ReasonFailed, "later", time.Minute)
		h.Must(err)
		_, err = h.Core.Reconcile.Begin(h.Context(), id)
		later, ok := errors.AsType[*reconcile.LaterError](err)
		if !ok || !later.At.Equal(at) {
			h.Errorf("run before %v: %v", at, err)
		}
		if err := v.Renew(h.Context()); !errors.Is(err, reconcile.ErrBusy) {
			h.Errorf("renewing a lease that was given back: %v", err)
		}
		h.Offset.Add(int64(2 * time.Minute))
		v, err = h.Core.Reconcile.Begin(h.Context(), id)
		h.Must(err)
		h.Must(v.Renew(h.Context()))
		h.Must(v.Confirm(h.Context(), &provision.DeskUser{ID: "1", Active: true, Role: provision.RoleAgent}))
		_, err = h.Core.Reconcile.Begin(h.Context(), id)
		if !errors.Is(err, reconcile.ErrNotDue) {
			h.Errorf("run of what is as it should be: %v", err)
		}
	})
}

func TestRetry(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		for _, name := range []string{"ann", "bob", "cid"} {
			p := h.Person(name, "agent")
			if name == "cid" {
				continue
			}
			v, err := h.Core.Reconcile.Begin(h.Context(), h.Account(p.ID).ID)
			h.Must(err)
			h.Must(v.NeedsAttention(h.Context(), provision.ReasonRefused, "because", false))
		}
		o, err := h.Core.Plan.Overview(h.Context())
		h.Must(err)
		if len(o.Causes) != 1 || o.Causes[0].Count != 2 || len(o.Causes[0].Accounts) != 2 || o.Desks[0].Accounts[provision.AccountNeedsAttention] != 2 || o.Connections[0].Active != 3 {
			h.Errorf("overview %+v", o)
		}
		n, err := h.Core.Reconcile.Retry(h.Context(), provisiontest.ByTest, provision.AccountFilter{Desk: h.Desk.ID}, "", false)
		h.Must(err)
		if n != 2 {
			h.Errorf("%d retried, want 2", n)
		}
		_, err = h.Core.Reconcile.Retry(h.Context(), provisiontest.ByTest, provision.AccountFilter{}, "none", false)
		h.Code(err, provision.NotFound)
	})
}

// TestCreationOfNobody: an account whose user nobody names would hold whoever is
// found next.
func TestCreationOfNobody(t *testing.T) {
	if err := new(reconcile.Run).Accepted(t.Context(), reconcile.Write{Kind: reconcile.WriteCreate}, ""); err == nil {
		t.Error("it is accepted")
	}
}
