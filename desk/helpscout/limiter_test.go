package helpscout

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// answered is an answer that tells about the limit.
func answered(status int, pairs ...string) *kit.Answer {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return &kit.Answer{Status: status, Header: h}
}

// TestLimiterStaysWithinTheLimit sends as fast as the limiter lets it, for ten
// minutes: no minute may see more units than the account has.
func TestLimiterStaysWithinTheLimit(t *testing.T) {
	for _, limit := range []string{"", "10", "200", "800"} {
		t.Run("limit "+limit, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, units := newLimiter(), assumedUnits
				if limit != "" {
					l.learn(answered(200, "X-RateLimit-Limit-Minute", limit))
					units = l.limit
				}
				var sent []time.Time // one for each unit
				for start := time.Now(); time.Since(start) < 10*time.Minute; {
					n := 1 + len(sent)%2
					if err := l.wait(t.Context(), n, false); err != nil {
						t.Fatal(err)
					}
					for range n {
						sent = append(sent, time.Now())
					}
				}
				from := 0
				for i, at := range sent {
					for at.Sub(sent[from]) >= time.Minute {
						from++
					}
					if in := i - from + 1; in > units+writeUnits {
						t.Fatalf("%d units within a minute, of %d", in, units)
					}
				}
				if least := 10 * units * 6 / 10; len(sent) < least {
					t.Errorf("%d units in ten minutes, want at least %d", len(sent), least)
				}
			})
		})
	}
}

func TestLimiterLearns(t *testing.T) {
	for value, want := range map[string]int{"": assumedUnits, "400": 400, "0": assumedUnits, "-1": assumedUnits, "many": assumedUnits, "99999999999": assumedUnits} {
		l := newLimiter()
		l.learn(answered(200, "X-RateLimit-Limit-Minute", value))
		if l.limit != want {
			t.Errorf("%q: the limit is %d, want %d", value, l.limit, want)
		}
	}
}

// TestLimiterPauses: after a 429 nobody asks again before the time, and nobody
// waits for it with a run in hand.
func TestLimiterPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		l.learn(answered(429, "X-RateLimit-Retry-After", "40"))
		time.Sleep(15 * time.Second)
		began := time.Now()
		err := l.wait(t.Context(), 1, false)
		if e, ok := errors.AsType[*desk.Error](err); !ok || e.Kind != desk.Retryable || e.RetryAfter != 25*time.Second || e.Detail == "" {
			t.Errorf("wait = %v", err)
		}
		if time.Since(began) != 0 {
			t.Errorf("it took %v", time.Since(began))
		}
		time.Sleep(25 * time.Second)
		if err := l.wait(t.Context(), 1, false); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
}

// TestLimiterRefusesInTime: who cannot wait long enough is told so at once, and
// uses nothing up.
func TestLimiterRefusesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		if err := l.wait(t.Context(), l.units.Burst(), false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 3 {
			began := time.Now()
			err := l.wait(ctx, 2, false)
			e, ok := errors.AsType[*desk.Error](err)
			if !ok || e.RetryAfter < time.Second || e.RetryAfter > 2*time.Second || time.Since(began) != 0 {
				t.Errorf("wait = %v after %v", err, time.Since(began))
			}
		}
		cancelled, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := l.wait(cancelled, 2, false); !errors.Is(err, context.Canceled) {
				t.Errorf("wait under a context that was cancelled = %v", err)
			}
		})
		synctest.Wait()
		stop()
		wg.Wait()
	})
}
