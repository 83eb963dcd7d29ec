package main

import (
	"database/sql"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// badDesk is a desk with an HTTP API behind a network that loses questions and
// answers, and that has bad moments.
type badDesk struct {
	desks *builtin.Desks
	conf  provision.Desk
	app   builtin.App
	url   string

	mu    sync.Mutex
	rng   *rand.Rand
	calls int
	down  time.Time // until when the desk is down
}

func newBadDesk(t *testing.T, m *crashModel, settings map[string]string) *badDesk {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "desk.db")+
		"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	d := &badDesk{rng: rand.New(rand.NewPCG(m.rng.Uint64(), 2)),
		conf: provision.Desk{ID: provision.NewID[provision.DeskID](), Name: "far", Kind: builtin.Kind, Settings: settings}}
	if d.desks, err = builtin.New(db, builtin.SQLite); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{d.desks.Migrate(t.Context()), d.desks.Open(t.Context(), d.conf)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if d.app, err = d.desks.CreateApp(t.Context(), d.conf.ID, ""); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(d.spoil(d.desks.Handler(builtin.Options{UnitsPerMinute: 1_000_000})))
	t.Cleanup(func() {
		srv.Close()
		if d.calls < silentCall && !t.Failed() {
			t.Errorf("the desk was called %d times, and never fell silent", d.calls)
		}
	})
	d.url = srv.URL + "/desk/v2"
	return d
}

// silentCall is the number of the request to which the desk says nothing.
const silentCall = 700

// mischief is what happens to one request.
type mischief int

const (
	fine      mischief = iota
	busy               // 429, and the time to come back
	broken             // 500, and nothing is done
	lost               // it is done, and the connection breaks before the answer
	misspoken          // it is done, and the answer is 500
	silent             // nothing is done or said until the caller gives up
)

// next says what happens to the next request. Beside faults at random there are
// outages, and one request to which the desk says nothing.
func (d *badDesk) next() mischief {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	switch {
	case time.Now().Before(d.down):
		return broken
	case d.calls%2000 == 500:
		d.down = time.Now().Add(3 * time.Second)
		return broken
	case d.calls == silentCall: // the caller waits for 25 seconds
		return silent
	}
	switch p := d.rng.IntN(1000); {
	case p < 2:
		return busy
	case p < 6:
		return broken
	case p < 9:
		return lost
	case p < 12:
		return misspoken
	}
	return fine
}

// spoil does mischief to what handler is asked.
func (d *badDesk) spoil(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch d.next() {
		case busy:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		case broken:
			w.WriteHeader(http.StatusInternalServerError)
		case lost:
			handler.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case misspoken:
			handler.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusInternalServerError)
		case silent:
			select {
			case <-r.Context().Done():
			case <-time.After(time.Minute):
			}
			panic(http.ErrAbortHandler)
		default:
			handler.ServeHTTP(w, r)
		}
	})
}
