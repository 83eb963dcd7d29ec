package ratelimit

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// clock is a time that stands still until it is moved.
func clock() (now *time.Time, read func() time.Time) {
	now = new(time.Unix(1_800_000_000, 0))
	return now, func() time.Time { return *now }
}

// TestLimitsTakeBoundedMemory counts more addresses than are remembered.
func TestLimitsTakeBoundedMemory(t *testing.T) {
	l := New[netip.Addr](1, 1, 100, time.Now)
	at := netip.MustParseAddr("10.0.0.0")
	for range 1000 {
		at = at.Next()
		l.Allow(at)
	}
	if n := l.by.Len(); n != 100 {
		t.Errorf("%d addresses are remembered, want 100", n)
	}
}

// TestWhoGoesOnIsNotForgotten has one key fail on and on among strangers who
// come once: all ways to ask keep it known.
func TestWhoGoesOnIsNotForgotten(t *testing.T) {
	for name, refused := range map[string]func(l *Limiter[int]) bool{
		"Allow": func(l *Limiter[int]) bool { return !l.Allow(-1) },
		"Wait":  func(l *Limiter[int]) bool { return l.Wait(-1) > 0 },
		"Left":  func(l *Limiter[int]) bool { return !l.Left(-1) },
	} {
		_, now := clock()
		l := New[int](0.001, 1, 10, now)
		l.Allow(-1)
		for stranger := range 1000 {
			l.Allow(stranger)
			if stranger%9 == 0 && !refused(l) {
				t.Fatalf("%s: after %d strangers the limit is forgotten", name, stranger)
			}
		}
	}
}

// TestAskingForgetsNobody asks about more keys than are remembered.
func TestAskingForgetsNobody(t *testing.T) {
	_, now := clock()
	l := New[int](0.001, 1, 10, now)
	l.Allow(-1)
	for stranger := range 1000 {
		if !l.Left(stranger) {
			t.Fatalf("stranger %d has nothing left", stranger)
		}
	}
	if l.Left(-1) {
		t.Error("asking about strangers has a key forgotten")
	}
}

func TestWaitSaysWhenToComeBack(t *testing.T) {
	at, now := clock()
	l := New[string](2, 3, 10, now)
	for n := range 3 {
		if wait := l.Wait("a"); wait != 0 {
			t.Fatalf("event %d of 3 has to wait %v", n, wait)
		}
	}
	for range 100 { // however often: a refused event takes nothing
		if wait := l.Wait("a"); wait != 500*time.Millisecond {
			t.Fatalf("it has to wait %v, want half a second", wait)
		}
	}
	if wait := l.Wait("b"); wait != 0 {
		t.Errorf("another key has to wait %v", wait)
	}
	*at = at.Add(500 * time.Millisecond)
	if wait := l.Wait("a"); wait != 0 {
		t.Errorf("after the time that was told it has to wait %v more", wait)
	}
}

func TestChargeIsPaidBack(t *testing.T) {
	at, now := clock()
	l := New[string](1, 5, 10, now)
	l.Wait("a")
	l.Charge("a", 1000) // no more than five of them count
	if wait := l.Wait("a"); wait != 2*time.Second {
		t.Errorf("it has to wait %v, want what was overdrawn and one more: 2 s", wait)
	}
	*at = at.Add(2 * time.Second)
	l.Charge("a", 0)
	l.Charge("a", -1000)
	if wait := l.Wait("a"); wait != 0 {
		t.Errorf("2 s later it has to wait %v", wait)
	}
	if wait := l.Wait("a"); wait != time.Second {
		t.Errorf("the event after that has to wait %v, want 1 s", wait)
	}
}

// TestRefusalsCostNothingWhoeverElseAsks asks from many goroutines at once: what
// is refused must not put off what comes later.
func TestRefusalsCostNothingWhoeverElseAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New[string](1, 1, 10, time.Now)
		l.Allow("a")
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				for range 200 {
					if l.Wait("a") == 0 || l.Allow("a") {
						t.Error("one event too many is let through")
					}
				}
			})
		}
		group.Wait()
		time.Sleep(time.Second)
		if wait := l.Wait("a"); wait != 0 {
			t.Errorf("a second after the flood it has to wait %v", wait)
		}
	})
}

func TestNoLimiterLimitsNothing(t *testing.T) {
	var none *Limiter[string]
	none.Charge("a", 1000)
	if !none.Allow("a") || none.Wait("a") != 0 || !none.Left("a") {
		t.Error("a nil limiter refuses")
	}
}
