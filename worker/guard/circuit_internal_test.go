package guard

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

var (
	errDown    = desk.Errorf(desk.Retryable, "it is down")
	errRefused = desk.Errorf(desk.Permanent, "no such team")
)

// try makes a call that ends so; made is false when the circuit let none
// through.
func try(c *circuitBreaker, outcome error) (wait time.Duration, made bool) {
	done, err := c.allow()
	if paused, ok := errors.AsType[*PausedError](err); ok {
		return paused.Wait, false
	}
	done(outcome)
	return 0, true
}

func TestCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCircuit(CircuitSettings{Failures: 3, Pause: 10 * time.Second})
		step := func(what string, outcome error, want bool) {
			t.Helper()
			if _, made := try(c, outcome); made != want {
				t.Errorf("%s: made %v, want %v", what, made, want)
			}
		}
		step("first failure", errDown, true)
		step("second failure", errors.New("half an answer"), true)
		step("a refusal is an answer", errRefused, true)
		step("first failure again", errDown, true)
		step("second failure again", errDown, true)
		step("a caller who has gone says nothing", errGivenUp, true)
		step("third failure", context.DeadlineExceeded, true)
		step("paused", nil, false)
		if pause, over := c.news(); pause == nil || over || pause.Wait != 10*time.Second {
			t.Errorf("news of a pause: %v, %v", pause, over)
		}
		time.Sleep(9 * time.Second)
		step("still paused", nil, false)
		time.Sleep(1100 * time.Millisecond)

		done, err := c.allow()
		if err != nil {
			t.Fatalf("no try after the pause: %v", err)
		}
		if wait, made := try(c, nil); made || wait != probing {
			t.Errorf("a second call while the first tries: made %v, wait %v", made, wait)
		}
		done(errDown)
		step("paused anew after one failure", nil, false)
		if pause, _ := c.news(); pause == nil || pause.Reason != "it is down" {
			t.Errorf("news of the second pause: %v", pause)
		}
		time.Sleep(10100 * time.Millisecond)
		step("a caller who gives up while alone", errGivenUp, true)
		step("tried", nil, true)
		step("whole again", nil, true)
		if pause, over := c.news(); pause != nil || !over {
			t.Errorf("news of the end: %v, %v", pause, over)
		}
		if pause, over := c.news(); pause != nil || over {
			t.Errorf("news twice: %v, %v", pause, over)
		}
	})
}

// TestCircuitDoesAsAsked: whoever says when to come back is believed, within
// reason.
func TestCircuitDoesAsAsked(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want time.Duration
	}{
		{"429 with a time", &desk.Error{Kind: desk.Retryable, RetryAfter: 40 * time.Second}, 40 * time.Second},
		{"a time that is a mistake", &desk.Error{Kind: desk.Retryable, RetryAfter: 100 * time.Hour}, longestAsked},
		{"credentials refused", &desk.Error{Kind: desk.Unauthorized}, credentialsPause},
		{"down, without a time", errDown, 0},
		{"a refusal", errRefused, 0},
		{"no such user", &desk.Error{Kind: desk.NotFound, RetryAfter: time.Hour}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCircuit(CircuitSettings{})
				try(c, tt.err)
				if wait, made := try(c, nil); wait != tt.want || made != (tt.want == 0) {
					t.Errorf("wait %v, made %v, want %v", wait, made, tt.want)
				}
			})
		})
	}
}

func TestGuard(t *testing.T) {
	w := newDesks()
	for _, tt := range []struct {
		name            string
		set, kind, want float64 // calls a second; want 0: no limit
	}{
		{"a desk that says nothing", 0, 0, desk.DefaultRate},
		{"its kind's", 0, 25, 25},
		{"an admin's", 3, 25, 3},
		{"a kind that needs none", 0, desk.NoRate, 0},
		{"an admin's, all the same", 0.5, desk.NoRate, 0.5},
	} {
		g := w.guard(provision.Desk{Rate: tt.set}, desk.Capabilities{Rate: tt.kind})
		got := 0.0
		if g.limit != nil {
			got = g.limit.perSecond
		}
		if got != tt.want {
			t.Errorf("%s: %v calls a second, want %v", tt.name, got, tt.want)
		}
	}
}

// TestGuardKeepsTheLease: whoever waits for a turn holds on to the account, and
// does not call when it is another's by then.
func TestGuardKeepsTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newDesks()
		g := w.guard(provision.Desk{Name: "d", Rate: 0.2}, desk.Capabilities{})
		renewed, called := 0, 0
		var lost error
		calls := &Caller{Priority: PriorityGranting, Renewed: time.Now(), Renew: func(context.Context) error { renewed++; return lost }}
		call := func() error {
			return g.call(t.Context(), calls, true, func(context.Context) error { called++; return nil })
		}
		for range 7 { // 30 seconds
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		if renewed != 2 || called != 7 {
			t.Errorf("renewed %d times within 30 s, called %d times", renewed, called)
		}
		time.Sleep(reconcile.Lease)
		lost = reconcile.ErrBusy
		if err := call(); !errors.Is(err, reconcile.ErrBusy) || called != 7 {
			t.Errorf("after the loss: %v, called %d times", err, called)
		}
	})
}

// TestGuardHearsOfPanics: a connector that panics while it alone tries a desk
// does not close the way for ever.
func TestGuardHearsOfPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCircuit(CircuitSettings{Failures: 1, Pause: time.Second})
		try(c, errDown)
		c.news()
		time.Sleep(2 * time.Second)
		g := &deskGuard{circuit: c, metrics: uncounted{}}
		func() {
			defer func() { recover() }()
			g.call(t.Context(), &Caller{}, true, func(context.Context) error { panic("a bug") })
		}()
		if _, made := try(c, nil); !made {
			t.Error("no call is made any more")
		}
	})
}
