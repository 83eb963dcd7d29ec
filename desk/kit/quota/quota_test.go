package quota

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// terms are those of the tests; a write is two units.
var terms = Terms{
	Vendor: kit.Vendor{Name: "Desk"}, Assumed: 100, Read: 1, Write: 2,
	PerMinute: "X-RateLimit-Limit-Minute", Remaining: "X-RateLimit-Remaining-Minute",
	Longest: 20 * time.Second,
}

var read, write = kit.Call{Method: http.MethodGet}, kit.Call{Method: http.MethodPut}

// answered is an answer that tells about the limit.
func answered(status int, pairs ...string) *kit.Answer {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return &kit.Answer{Status: status, Header: h}
}

// TestStaysWithinTheLimit sends as fast as it may, for ten
// minutes: no minute may see more units than the account has.
func TestStaysWithinTheLimit(t *testing.T) {
	for _, limit := range []string{"", "10", "200", "800"} {
		t.Run("limit "+limit, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, units := New(terms), terms.Assumed
				if limit != "" {
					l.Learn(answered(200, "X-RateLimit-Limit-Minute", limit))
					units = l.limit
				}
				var sent []time.Time // one for each unit
				for start := time.Now(); time.Since(start) < 10*time.Minute; {
					n, call := 1, read
					if len(sent)%2 == 1 {
						n, call = 2, write
					}
					if err := l.Wait(t.Context(), call); err != nil {
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
					if in := i - from + 1; in > units+terms.Write {
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

func TestLearns(t *testing.T) {
	for value, want := range map[string]int{"": terms.Assumed, "400": 400, "0": terms.Assumed, "-1": terms.Assumed, "many": terms.Assumed, "99999999999": terms.Assumed} {
		l := New(terms)
		l.Learn(answered(200, "X-RateLimit-Limit-Minute", value))
		if l.limit != want {
			t.Errorf("%q: the limit is %d, want %d", value, l.limit, want)
		}
	}
}

// TestPauses: after a 429 nobody asks again before the time, and nobody
// waits for it with a run in hand.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(terms)
		l.Learn(answered(429, "X-RateLimit-Retry-After", "40"))
		time.Sleep(15 * time.Second)
		began := time.Now()
		err := l.Wait(t.Context(), read)
		if e, ok := errors.AsType[*desk.Error](err); !ok || e.Kind != desk.Retryable || e.RetryAfter != 25*time.Second || !errors.Is(err, desk.ErrNotAsked) || e.Detail == "" {
			t.Errorf("wait = %v", err)
		}
		if time.Since(began) != 0 {
			t.Errorf("it took %v", time.Since(began))
		}
		time.Sleep(25 * time.Second)
		if err := l.Wait(t.Context(), read); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
}

// TestRefusesInTime: who cannot wait long enough is told so at once, and
// uses nothing up.
func TestRefusesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(terms)
		for range l.units.Burst() {
			if err := l.Wait(t.Context(), read); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 3 {
			began := time.Now()
			err := l.Wait(ctx, write)
			e, ok := errors.AsType[*desk.Error](err)
			if !ok || e.RetryAfter < time.Second || e.RetryAfter > 2*time.Second || time.Since(began) != 0 {
				t.Errorf("wait = %v after %v", err, time.Since(began))
			}
		}
		cancelled, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := l.Wait(cancelled, write); !errors.Is(err, context.Canceled) {
				t.Errorf("wait under a context that was cancelled = %v", err)
			}
		})
		synctest.Wait()
		stop()
		wg.Wait()
	})
}

// TestWrites: no more writes than the terms say go within their time, and reads go on.
func TestWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some := terms
		some.Assumed, some.Writes, some.Within = 100_000, 3, 5*time.Second
		q := New(some)
		began := time.Now()
		var sent []time.Duration
		for range 7 {
			if err := q.Wait(t.Context(), write); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Since(began))
		}
		if want := []time.Duration{0, 0, 0, 5 * time.Second, 5 * time.Second, 5 * time.Second, 10 * time.Second}; !slices.Equal(sent, want) {
			t.Errorf("writes after %v, want %v", sent, want)
		}
		if err := q.Wait(t.Context(), read); err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("a read waits until %v, %v", time.Since(began), err)
		}
	})
}

// TestOthersHaveUsedIt: what the desk says is left is the most that goes at once.
func TestOthersHaveUsedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(terms)
		q.Learn(answered(200, "X-RateLimit-Remaining-Minute", "2"))
		began := time.Now()
		for range 2 {
			if err := q.Wait(t.Context(), read); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("what is left took %v", took)
		}
		if err := q.Wait(t.Context(), read); err != nil || time.Since(began) < 500*time.Millisecond {
			t.Errorf("the next one went after %v, %v", time.Since(began), err)
		}
	})
}
