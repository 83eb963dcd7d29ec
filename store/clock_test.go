package store_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestClockIsTheDatabases: processes on one PostgreSQL agree on the time,
// however wrong their own clocks are, and also when one is set while it runs.
func TestClockIsTheDatabases(t *testing.T) {
	_, s := storetest.Postgres(t)
	right, err := s.NewClock(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []time.Duration{0, time.Minute, -time.Hour} {
		clock, err := s.NewClock(t.Context(), func() time.Time { return time.Now().Add(off) })
		if err != nil {
			t.Fatal(err)
		}
		if d := clock.Now().Sub(right.Now()).Abs(); d > time.Second {
			t.Errorf("a process that is off by %s tells a time that is off by %s", off, d)
		}
		if ahead, err := clock.Sync(t.Context()); err != nil || (ahead-off).Abs() > time.Second {
			t.Errorf("a process that is off by %s takes itself for %s ahead (%v)", off, ahead, err)
		}
	}
}

// TestClockOfSQLite: the time of an embedded database is the process's.
func TestClockOfSQLite(t *testing.T) {
	want := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	clock, err := storetest.SQLite(t).NewClock(t.Context(), func() time.Time { return want })
	if err != nil {
		t.Fatal(err)
	}
	if ahead, err := clock.Sync(t.Context()); ahead != 0 || err != nil || !clock.Now().Equal(want) {
		t.Errorf("ahead by %s (%v), now %s", ahead, err, clock.Now())
	}
}
