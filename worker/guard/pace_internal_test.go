package guard

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// requests are what a connector does that makes n requests, one after the
// other, each of which takes so long.
func requests(n int, each time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		for range n {
			err := desk.Request(ctx, func(ctx context.Context) error { return sleep(ctx, each) })
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newDesks returns Desks that opens nothing.
func newDesks() *Desks { return New(nil, unseen{}, slog.New(slog.DiscardHandler), uncounted{}) }

// newGuard returns a guard for a desk with a rate.
func newGuard(perSecond float64) *deskGuard {
	return newDesks().guard(provision.Desk{Name: "d", Rate: perSecond}, desk.Capabilities{Rate: desk.NoRate})
}

// unseen is nowhere to note a pause.
type unseen struct{}

func (unseen) NotePause(context.Context, provision.DeskID, string, time.Duration) error { return nil }
func (unseen) RecognizeUnits(context.Context, provision.DeskID, []deskhealth.Unit, ...deskhealth.Unit) ([]deskhealth.KnownUnit, error) {
	return nil, nil
}
func (unseen) KnownUnits(context.Context, provision.DeskID) ([]deskhealth.KnownUnit, error) {
	return nil, nil
}
func (unseen) NoteRefusal(context.Context, provision.DeskID, string, time.Duration) error { return nil }
func (unseen) EndPause(context.Context, provision.DeskID) error                           { return nil }

// uncounted counts nothing.
type uncounted struct{}

func (uncounted) Called(provision.Desk, error) {}
func (uncounted) Paused(provision.Desk, bool)  {}

// TestSlowDesk: a call goes on as long as its requests are answered, however
// slowly, and keeps its lease.
func TestSlowDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(0)
		last, longest := time.Now(), time.Duration(0)
		calls := &Caller{Renewed: last, Renew: func(context.Context) error {
			longest, last = max(longest, time.Since(last)), time.Now()
			return nil
		}}
		began := time.Now()
		if err := g.call(t.Context(), calls, false, requests(40, 8*time.Second)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 320*time.Second {
			t.Errorf("40 requests of 8 s took %v", took)
		}
		if longest == 0 || longest >= reconcile.Lease-callMargin {
			t.Errorf("the lease was %v old, of %v", longest, reconcile.Lease)
		}
	})
}

// callMargin is what must be left of a lease at any time.
const callMargin = 15 * time.Second

// TestSilentDesk: a call of which nothing is heard ends, with words that say
// so, and counts as a failure of the desk.
func TestSilentDesk(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(context.Context) error
		most time.Duration
	}{
		"without requests":                {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, answerTimeout},
		"in a request":                    {requests(1, time.Hour), quietTimeout},
		"after some requests":             {requests(3, time.Hour), quietTimeout},
		"requests without end":            {requests(1_000_000, time.Second), callTimeout},
		"an error of the connector's own": {func(ctx context.Context) error { <-ctx.Done(); return errors.New("something else") }, answerTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(0)
				began := time.Now()
				err := g.call(t.Context(), &Caller{}, false, tt.do)
				if desk.KindOf(err) != desk.Retryable || err == nil || !strings.Contains(err.Error(), "answers too slowly (30 s)") || !Failed(err) || IsPaused(err) {
					t.Errorf("call = %v", err)
				}
				if took := time.Since(began); took < tt.most || took > tt.most+lookEvery {
					t.Errorf("it took %v, want %v", took, tt.most)
				}
				if n := g.circuit.breaker.Counts().ConsecutiveFailures; n != 1 {
					t.Errorf("the circuit counts %d failures", n)
				}
			})
		})
	}
}

// TestRequestsTakeTurns: the rate is one of requests, and a leaver's are sent
// between those of a call that is on its way.
func TestRequestsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(2)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if err := g.call(t.Context(), &Caller{Priority: PriorityLooking}, false, requests(42, 0)); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took < 20*time.Second || took > 23*time.Second {
				t.Errorf("42 requests at two a second took %v", took)
			}
		})
		time.Sleep(5 * time.Second)
		asked := time.Now()
		if err := g.call(t.Context(), &Caller{Priority: PriorityEnding}, true, requests(2, 0)); err != nil {
			t.Error(err)
		}
		if took := time.Since(asked); took > 2*time.Second {
			t.Errorf("the leaver waited %v", took)
		}
		all.Wait()
	})
}

// TestCutShort: a call that stops on its way, because the desk is not to be
// asked any more, has begun: what it wrote is not taken for untried. It says
// nothing about the desk.
func TestCutShort(t *testing.T) {
	notAsked := &desk.Error{Kind: desk.Retryable, RetryAfter: 7 * time.Second, Detail: "the limit is used up", Err: desk.ErrNotAsked}
	for _, tt := range []struct {
		name  string
		do    func(g *deskGuard) func(context.Context) error
		begun bool
	}{
		{"somebody else was asked for a pause", func(g *deskGuard) func(context.Context) error {
			return func(ctx context.Context) error {
				if err := requests(1, 0)(ctx); err != nil {
					return err
				}
				g.circuit.learn(&desk.Error{Kind: desk.Retryable, RetryAfter: time.Minute, Detail: "slow down"})
				return requests(1, 0)(ctx)
			}
		}, true},
		{"the connector keeps a limit, after a request", func(*deskGuard) func(context.Context) error {
			return func(ctx context.Context) error { return errors.Join(requests(1, 0)(ctx), notAsked) }
		}, true},
		{"the connector keeps a limit, before any", func(*deskGuard) func(context.Context) error {
			return func(context.Context) error { return notAsked }
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(0)
				err := g.call(t.Context(), &Caller{}, true, tt.do(g))
				paused, ok := errors.AsType[*PausedError](err)
				if !ok || paused.begun != tt.begun || IsPaused(err) == tt.begun || paused.Wait < 7*time.Second || paused.Reason == "" {
					t.Errorf("call = %#v", err)
				}
				if n := g.circuit.breaker.Counts().TotalFailures; n != 0 {
					t.Errorf("the circuit counts %d failures", n)
				}
			})
		})
	}
}

// TestLostLease: whoever has lost the account in the middle of a call makes no
// more requests.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(0)
		began, sent := time.Now(), 0
		calls := &Caller{Renewed: began, Renew: func(context.Context) error {
			if time.Since(began) > time.Minute {
				return reconcile.ErrBusy
			}
			return nil
		}}
		err := g.call(t.Context(), calls, true, func(ctx context.Context) error {
			for {
				if err := requests(1, 8*time.Second)(ctx); err != nil {
					return err
				}
				sent++
			}
		})
		if !errors.Is(err, reconcile.ErrBusy) || sent > 10 {
			t.Errorf("call = %v after %d requests", err, sent)
		}
	})
}

// TestRecoveringDesk: when a desk answers again, others need not wait for the
// end of a long call.
func TestRecoveringDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(0)
		c := newCircuit(CircuitSettings{Failures: 1, Pause: time.Second})
		g.circuit = c
		try(c, errDown)
		time.Sleep(2 * time.Second)
		err := g.call(t.Context(), &Caller{}, false, func(ctx context.Context) error {
			if !c.recovering() {
				t.Error("the desk is well already")
			}
			if err := requests(1, 0)(ctx); err != nil {
				return err
			}
			if c.recovering() {
				t.Error("after an answer it is taken for down")
			}
			if _, made := try(c, nil); !made {
				t.Error("others wait")
			}
			return errDown
		})
		if !errors.Is(err, errDown) || c.closed() == nil {
			t.Errorf("a failure after the answer, %v, went unheard", err)
		}
	})
}
