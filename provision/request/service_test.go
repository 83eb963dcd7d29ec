package request_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func record(n int, at time.Time) request.Record {
	return request.Record{ID: fmt.Sprintf("r%05d", n), At: at, Token: "okta", Status: 200, Method: "GET"}
}

// TestTooManyAreLeftOut, and counted: whoever has no token fills neither the
// database nor the room of others.
func TestTooManyAreLeftOut(t *testing.T) {
	db := &broken{}
	s := request.New(db, time.Hour, time.Now, slog.New(slog.DiscardHandler))
	for i := range 300 {
		s.Add(request.Record{ID: fmt.Sprint("x", i), Status: 401})
	}
	if s.Dropped() != 200 {
		t.Errorf("%d of 300 without a token are left out, want 200", s.Dropped())
	}
	for i := range 12_000 {
		s.Add(record(i, time.Now()))
	}
	if s.Dropped() != 200+2100 {
		t.Errorf("%d are left out, want 2300", s.Dropped())
	}
	db.err = provision.Errorf(provision.Unavailable, "", "away")
	s.Flush(t.Context())
	if s.Dropped() != 2300 {
		t.Errorf("while the database is away %d are left out, want no more than 2300", s.Dropped())
	}
	db.err = errors.New("broken")
	s.Flush(t.Context())
	if s.Dropped() != 12_300 || db.wrote != 0 {
		t.Errorf("what cannot be written is not counted: %d", s.Dropped())
	}
	s.Add(record(1, time.Now()))
	db.err = nil
	s.Flush(t.Context())
	if db.wrote != 1 {
		t.Errorf("%d written, want 1", db.wrote)
	}
	off := request.New(db, 0, time.Now, slog.New(slog.DiscardHandler))
	off.Add(record(2, time.Now()))
	off.Flush(t.Context())
	if db.wrote != 1 || off.Dropped() != 0 {
		t.Error("a request log that is off keeps something")
	}
}

// TestStrangersWait: while the database is away, those without a token crowd out nobody
// either, however often it is tried.
func TestStrangersWait(t *testing.T) {
	db := &broken{err: provision.Errorf(provision.Unavailable, "", "away")}
	s := request.New(db, time.Hour, time.Now, slog.New(slog.DiscardHandler))
	for range 3 {
		for i := range 100 {
			s.Add(request.Record{ID: fmt.Sprint("x", i), Status: 401})
		}
		s.Add(record(1, time.Now()))
		s.Flush(t.Context())
	}
	db.err = nil
	s.Flush(t.Context())
	if s.Dropped() != 200 || db.wrote != 103 {
		t.Errorf("%d are left out and %d written, want 200 and 103", s.Dropped(), db.wrote)
	}
}

// broken is a database that answers err.
type broken struct {
	request.Store
	err   error
	wrote int
}

// AddRequests is part of [request.Store].
func (b *broken) AddRequests(_ context.Context, r []request.Record) error {
	if b.err == nil {
		b.wrote += len(r)
	}
	return b.err
}

// TestPagesAndPruning on both databases: every filter goes page by page, the end of
// the process writes what waits, and what is too old goes.
func TestPagesAndPruning(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		now := time.Now().Truncate(time.Microsecond)
		s := request.New(db, time.Hour, func() time.Time { return now }, slog.New(slog.DiscardHandler))
		want := map[string]int{}
		for i := range 1300 {
			r := record(i, now.Add(-time.Duration(i/3)*10*time.Second)) // three at a time
			r.Reason = "\x00" + string([]byte{0xff})
			if i%2 == 0 {
				r.Connection = "acme"
				want["acme"]++
			}
			if i%3 == 0 {
				r.Status = 409
				want["409"]++
			}
			if i%2 == 0 && i%3 == 0 {
				want["acme 409"]++
			}
			if i%5 == 0 {
				r.Identity = "ada"
				want["ada"]++
			}
			s.Add(r)
		}
		ctx, end := context.WithCancel(t.Context())
		end()
		s.Run(ctx)
		if _, err := s.Request(t.Context(), "r00700"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Request(t.Context(), "nobody"); !provision.IsNotFound(err) {
			t.Errorf("an unknown request: %v", err)
		}
		for name, f := range map[string]request.Filter{"acme": {Connection: "acme"}, "409": {Refused: true}, "acme 409": {Connection: "acme", Status: 409}, "ada": {Identity: "ada"}} {
			var ids []string
			var before request.Place
			for {
				page, err := s.Latest(t.Context(), f, before, 100)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page {
					ids = append(ids, r.ID)
				}
				if len(page) < 100 {
					break
				}
				if before, err = request.ParsePlace(request.PlaceOf(&page[99]).String()); err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(ids)
			if n := len(slices.Compact(ids)); n != want[name] {
				t.Errorf("%s: %d different ones page by page, want %d", name, n, want[name])
			}
		}
		if err := s.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := s.Latest(t.Context(), request.Filter{}, request.Place{}, 2000)
		if err != nil || len(left) != 1083 { // 361 times, of which the oldest is an hour old
			t.Errorf("%d are left after an hour, %v", len(left), err)
		}
	})
}
