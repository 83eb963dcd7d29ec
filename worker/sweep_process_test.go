package worker_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker"
)

// TestOneSweepAtATime has twenty processes sweep one desk.
func TestOneSweepAtATime(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.must(h.raw.SetActive(h.Context(), h.account(id.ID).DeskUser, false))
		holding, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		h.faults.before = func(_ int, call string) error {
			if call == "Find" {
				once.Do(func() { close(holding); <-release })
			}
			return nil
		}
		first := make(chan error, 1)
		go func() {
			_, err := h.trySweep()
			first <- err
		}()
		<-holding
		var others sync.WaitGroup
		for range 20 {
			others.Go(func() {
				if _, err := h.trySweep(); !errors.Is(err, reconcile.ErrBusy) {
					h.Errorf("another sweep: %v, want ErrBusy", err)
				}
			})
		}
		others.Wait()
		close(release)
		h.must(<-first)
		h.drain()
		if n := h.actions(id.ID)["account.drifted"]; n != 1 {
			h.Errorf("noted %d times", n)
		}
	})
}

// TestSweepByHandIsExtra: the desk's turn comes when it would have come.
func TestSweepByHandIsExtra(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.agent("ann")
		_, err := h.core.DeskHealth.DueSweeps(h.Context(), time.Hour)
		h.must(err)
		before := h.health().Sweep.NextAt
		h.sweep()
		if after := h.health().Sweep; !after.NextAt.Equal(before) || after.FinishedAt == nil || after.Checked != 1 {
			h.Errorf("next at %v, was %v: %+v", after.NextAt, before, after)
		}
	})
}

// TestSweepGoesOn: a sweep whose process died goes on where it was when its
// lease has ended, and one that was stopped at once.
func TestSweepGoesOn(t *testing.T) {
	t.Cleanup(worker.SetSweepPage(4))
	each(t, nil, func(h *harness) {
		h.agents()
		ids := h.crowd(9) // three pages
		h.faults.reset()
		finds := 0
		h.faults.before = func(_ int, call string) error {
			if call == "Find" {
				if finds++; finds == 6 {
					panic("killed") // nothing is noted any more
				}
			}
			return nil
		}
		due := func() []provision.Desk {
			d, err := h.core.DeskHealth.DueSweeps(h.Context(), time.Hour)
			h.must(err)
			return d
		}
		due()
		h.offset.Add(int64(2 * time.Hour))
		if n := len(due()); n != 1 {
			h.Fatalf("%d desks are due after two hours", n)
		}
		h.panics(func() { h.trySweep(func(o *worker.SweepOptions) { o.ByHand = false }) })
		if n := len(due()); n != 0 {
			h.Fatal("due while the lease of the dead one holds")
		}
		h.offset.Add(int64(deskhealth.SweepLease + time.Second))
		h.restart()
		finds = 0
		h.faults.before = func(_ int, call string) error {
			if call == "Find" {
				finds++
			}
			return nil
		}
		report := h.sweep(func(o *worker.SweepOptions) { o.ByHand = false })
		if report.Checked != 5 || finds != 5 {
			h.Errorf("went on with %d accounts and %d questions, want 5: all but the first page of %d", report.Checked, finds, len(ids))
		}
		health, err := h.core.DeskHealth.All(h.Context())
		h.must(err)
		if sw := health[h.desk.ID].Sweep; sw.Checked != 9 || sw.FinishedAt == nil || sw.After != "" || sw.LeaseUntil != nil {
			h.Errorf("noted %+v", sw)
		}
	})
}

func (h *harness) panics(do func()) {
	h.Helper()
	defer func() {
		if recover() == nil {
			h.Error("did not panic")
		}
	}()
	do()
}

// TestRunnerSweeps has the running worker find and repair, at its own time.
func TestRunnerSweeps(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.bulk = true
		h.agents()
		id := h.agent("ann")
		h.must(h.raw.SetActive(h.Context(), h.account(id.ID).DeskUser, false))
		var runners []*worker.Runner
		for range 2 { // two replicas
			other := worker.New(workerCore(h.core), h.open, testLog())
			r, err := other.Start(h.Context(), h.store.RiverDriver(), worker.Options{Workers: 2, Poll: 20 * time.Millisecond, Sweep: 100 * time.Millisecond})
			h.must(err)
			runners = append(runners, r)
		}
		for n := range 2 {
			h.until("repaired", func() bool { return h.user("ann@"+domain).Active && !h.due(id.ID) })
			if got := h.actions(id.ID)["account.drifted"]; got != n+1 {
				h.Errorf("noted %d times, want %d", got, n+1)
			}
			if n == 0 {
				h.must(h.raw.SetActive(h.Context(), h.account(id.ID).DeskUser, false))
			}
		}
		for _, r := range runners {
			ctx, cancel := context.WithTimeout(h.Context(), 10*time.Second)
			h.must(r.Stop(ctx))
			cancel()
		}
		health, err := h.core.DeskHealth.All(h.Context())
		h.must(err)
		if sw := health[h.desk.ID].Sweep; sw.LeaseUntil != nil {
			h.Errorf("a stopped worker keeps the lease: %+v", sw)
		}
	})
}

func TestDriftOff(t *testing.T) {
	each(t, withDrift(provision.DriftOff), func(h *harness) {
		h.agents()
		h.agent("ann")
		_, err := h.core.DeskHealth.DueSweeps(h.Context(), time.Minute)
		h.must(err)
		h.offset.Add(int64(time.Hour))
		due, err := h.core.DeskHealth.DueSweeps(h.Context(), time.Minute)
		h.must(err)
		if len(due) != 0 {
			h.Errorf("due: %v", due)
		}
	})
}
