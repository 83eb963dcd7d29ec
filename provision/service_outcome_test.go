package provision_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
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
			got := provision.Backoff(tt.attempts)
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
	each(t, func(h *house) {
		h.byRoles()
		lost, died, done := h.person("lost", "agent"), h.person("died", "agent"), h.person("done", "agent")
		v, err := h.core.BeginVisit(h.Context(), h.account(done.ID).ID)
		h.must(err)
		h.must(h.core.Confirm(h.Context(), &v, nil))
		h.tamper(`DELETE FROM river_job`)
		h.offset.Add(int64(time.Minute))
		_, err = h.core.BeginVisit(h.Context(), h.account(died.ID).ID)
		h.must(err)

		catchUp := func() int {
			before := h.counts().jobs
			n, err := h.core.CatchUp(h.Context(), provision.Lease)
			h.must(err)
			if jobs := h.counts().jobs - before; jobs != n {
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
		h.offset.Add(int64(time.Minute))
		if n := catchUp(); n != 2 {
			h.Errorf("%d accounts, want both", n)
		}
		if a := h.account(lost.ID); !a.Due() {
			h.Error("not due")
		}
	})
}

func TestBeginVisit(t *testing.T) {
	each(t, func(h *house) {
		h.byRoles()
		ann := h.person("ann", "agent")
		id := h.account(ann.ID).ID
		_, err := h.core.BeginVisit(h.Context(), "none")
		h.code(err, provision.NotFound)

		v, err := h.core.BeginVisit(h.Context(), id)
		h.must(err)
		_, err = h.core.BeginVisit(h.Context(), id)
		if !errors.Is(err, provision.ErrBusy) {
			h.Errorf("second visit: %v", err)
		}
		at, err := h.core.Fail(h.Context(), &v, "later", time.Minute)
		h.must(err)
		_, err = h.core.BeginVisit(h.Context(), id)
		later, ok := errors.AsType[*provision.LaterError](err)
		if !ok || !later.At.Equal(at) {
			h.Errorf("visit before %v: %v", at, err)
		}
		if err := h.core.Renew(h.Context(), &v); !errors.Is(err, provision.ErrBusy) {
			h.Errorf("renewing a lease that was given back: %v", err)
		}
		h.offset.Add(int64(2 * time.Minute))
		v, err = h.core.BeginVisit(h.Context(), id)
		h.must(err)
		h.must(h.core.Renew(h.Context(), &v))
		h.must(h.core.Confirm(h.Context(), &v, &provision.DeskUser{ID: "1", Active: true, Role: provision.RoleAgent}))
		_, err = h.core.BeginVisit(h.Context(), id)
		if !errors.Is(err, provision.ErrNotDue) {
			h.Errorf("visit of what is as it should be: %v", err)
		}
	})
}

func TestRetry(t *testing.T) {
	each(t, func(h *house) {
		h.byRoles()
		for _, name := range []string{"ann", "bob", "cid"} {
			p := h.person(name, "agent")
			if name == "cid" {
				continue
			}
			v, err := h.core.BeginVisit(h.Context(), h.account(p.ID).ID)
			h.must(err)
			h.must(h.core.Park(h.Context(), &v, "because", false))
		}
		o, err := h.core.Overview(h.Context())
		h.must(err)
		if len(o.Attention) != 2 || o.Desks[0].Accounts[provision.AccountParked] != 2 || o.Connections[0].Active != 3 {
			h.Errorf("overview %+v", o)
		}
		n, err := h.core.Retry(h.Context(), byTest, provision.AccountFilter{Desk: h.desk.ID}, "", false)
		h.must(err)
		if n != 2 {
			h.Errorf("%d retried, want 2", n)
		}
		_, err = h.core.Retry(h.Context(), byTest, provision.AccountFilter{}, "none", false)
		h.code(err, provision.NotFound)
	})
}
