package share

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestEachHasAShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New[string](2, 3)
		take := func(key string, n int64) *Taken {
			t.Helper()
			got, err := p.Take(t.Context(), key, n, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		first, second := take("a", 1), take("a", 1)
		start := time.Now()
		if _, err := p.Take(t.Context(), "a", 1, time.Second); !errors.Is(err, ErrEach) || time.Since(start) != time.Second {
			t.Errorf("a third of one: %v after %v", err, time.Since(start))
		}
		other := take("b", 1)
		if _, err := p.Take(t.Context(), "b", 1, time.Second); !errors.Is(err, ErrAll) {
			t.Errorf("a fourth of all: %v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := p.Take(gone, "b", 1, time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("of somebody who has gone: %v", err)
		}
		go func() {
			time.Sleep(time.Second / 2)
			first.GiveBack()
			first.GiveBack() // once is enough
		}()
		third := take("a", 1) // waits
		second.GiveBack()
		third.GiveBack()
		all := take("a", 100) // takes what each may have
		all.Keep(1)
		all.Keep(7)
		take("a", 1).GiveBack()
		all.GiveBack()
		other.GiveBack()
		if len(p.parts) != 0 {
			t.Errorf("%d are remembered who have nothing", len(p.parts))
		}
	})
}

func TestNobodyShares(t *testing.T) {
	var p *Pool[int]
	got, err := p.Take(t.Context(), 1, 1, 0)
	got.Keep(1)
	got.GiveBack()
	if err != nil {
		t.Error(err)
	}
}
