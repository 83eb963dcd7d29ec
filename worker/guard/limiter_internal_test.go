package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimiterServesLeaversFirst queues calls of all priorities, worst first, and
// looks in which order they get their turn.
func TestLimiterServesLeaversFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2)
		for range 2 { // the burst
			if err := l.wait(t.Context(), PriorityLooking, longestWait); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		var order []Priority
		var all sync.WaitGroup
		start := time.Now()
		for _, r := range []Priority{PriorityLooking, PriorityGranting, PriorityLooking, PriorityEnding, PriorityGranting, PriorityEnding} {
			all.Go(func() {
				if err := l.wait(t.Context(), r, longestWait); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, r)
			})
			synctest.Wait()
		}
		all.Wait()
		if want := []Priority{PriorityEnding, PriorityEnding, PriorityGranting, PriorityGranting, PriorityLooking, PriorityLooking}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("six calls at two a second took %v", took)
		}
	})
}

func TestLimiterGivesUpWhatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1)
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var mu sync.Mutex
		paused, served := 0, 0
		for range 100 {
			all.Go(func() {
				err := l.wait(ctx, PriorityGranting, longestWait)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					served++
				case IsPaused(err):
					paused++
				default:
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		start := time.Now()
		if err := l.wait(ctx, PriorityEnding, longestWait); err != nil || time.Since(start) > time.Second {
			t.Errorf("a leaver behind a hundred others: %v after %v", err, time.Since(start))
		}
		all.Wait()
		if served < 18 || served > 23 || paused != 100-served {
			t.Errorf("%d served and %d put off, want those of the first 20 seconds", served, paused)
		}
		if took := time.Since(start); took > longestWait+time.Second {
			t.Errorf("somebody waited %v", took)
		}
		time.Sleep(5 * time.Second) // reservations that nobody took are over
		go stop()
		for range 3 {
			if err := l.wait(ctx, PriorityGranting, longestWait); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("after a stop: %v", err)
			}
		}
		if err := l.wait(ctx, PriorityGranting, longestWait); !errors.Is(err, context.Canceled) {
			t.Errorf("with nobody waiting for the answer: %v", err)
		}
	})
}

func TestNoLimit(t *testing.T) {
	for _, perSecond := range []float64{0, -1} {
		l := newLimiter(perSecond)
		for range 1000 {
			if err := l.wait(t.Context(), PriorityLooking, longestWait); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestLimiterLearns: a desk that says that there were too many requests gets as many a
// minute as it took, little less, and after a while a little more.
func TestLimiterLearns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(10)
		send := func(n int) {
			for range n {
				if err := l.wait(t.Context(), PriorityGranting, time.Minute); err != nil {
					t.Fatal(err)
				}
				l.took()
			}
		}
		send(learnFrom - 1)
		l.learn()
		if l.perSecond != 10 {
			t.Errorf("%d requests teach %g a second", learnFrom-1, l.perSecond)
		}
		time.Sleep(2 * time.Minute)
		send(100)
		for range 8 { // all that were under way are refused
			l.learn()
		}
		if want := 97.0 / 60; l.perSecond < want-0.001 || l.perSecond > want+0.001 {
			t.Errorf("after 100 requests %g a second, want %g", l.perSecond, want)
		}
		time.Sleep(time.Minute)
		start := time.Now()
		send(97)
		if took := time.Since(start); took < 55*time.Second || took > 62*time.Second {
			t.Errorf("97 requests took %v", took)
		}
		time.Sleep(hopeEvery)
		send(1)
		if want := 1.1 * 97 / 60; l.perSecond < want-0.001 || l.perSecond > want+0.001 {
			t.Errorf("after a while %g a second, want %g", l.perSecond, want)
		}
		for range 40 {
			time.Sleep(hopeEvery)
			send(1)
		}
		if l.perSecond != 10 {
			t.Errorf("in the end %g a second", l.perSecond)
		}
	})
	newLimiter(0).took()
	newLimiter(0).learn()
}
