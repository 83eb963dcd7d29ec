package live

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// shown is what a stream has written so far.
type shown struct {
	*httptest.ResponseRecorder
	mu   sync.Mutex
	text strings.Builder
}

func (s *shown) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shown) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// logs are two logs that grow.
type logs struct {
	place, looks atomic.Int64
	broken       atomic.Bool
}

func (l *logs) look(context.Context) (string, error) {
	l.looks.Add(1)
	if l.broken.Load() {
		return "", errors.New("no database")
	}
	return strconv.FormatInt(l.place.Load(), 10), nil
}

// follow begins a stream; what it returns says how that ended, once it has.
func follow(ctx context.Context, w *Watcher, who, query string, still func(context.Context) error) (*shown, chan error) {
	to, ended := &shown{ResponseRecorder: httptest.NewRecorder()}, make(chan error, 1)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/admin/events"+query, http.NoBody)
	go func() { ended <- w.Serve(to, r, who, still) }()
	return to, ended
}

func may(context.Context) error { return nil }

// TestNewsReachAPage soon, once, and for all streams by one look; and what the page
// was read with is no news.
func TestNewsReachAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(logs)
		l.place.Store(7)
		w := New(l.look, slog.New(slog.DiscardHandler))
		if at := w.Place(t.Context()); at != "7" {
			t.Fatalf("at %s", at)
		}
		fresh, _ := follow(t.Context(), w, "ada", "?after=7", may)
		late, _ := follow(t.Context(), w, "bo", "?after=6", may)
		first, _ := follow(t.Context(), w, "cy", "", may)
		time.Sleep(2 * time.Second)
		if strings.Contains(fresh.String(), "event") || strings.Count(late.String(), "id: 7\nevent: news") != 1 || strings.Contains(first.String(), "event") {
			t.Errorf("without news: %q, %q, %q", fresh, late, first)
		}
		before := l.looks.Load()
		l.place.Store(8)
		time.Sleep(lookEvery + time.Millisecond)
		for _, s := range []*shown{fresh, late, first} {
			if strings.Count(s.String(), "id: 8\nevent: news") != 1 {
				t.Errorf("with news: %q", s)
			}
		}
		for range 20 { // much happens: a page is not told each time, and is told the last
			l.place.Add(1)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := strings.Count(fresh.String(), "event"); n > 6 || !strings.Contains(fresh.String(), "id: 28\n") {
			t.Errorf("told %d times: %q", n, fresh)
		}
		if looks := l.looks.Load() - before; looks > 14 { // three seconds
			t.Errorf("%d looks", looks)
		}
		l.broken.Store(true)
		time.Sleep(time.Minute)
		if strings.Count(fresh.String(), "\n:\n") < 3 {
			t.Errorf("no sign of life: %q", fresh)
		}
		w.Close()
	})
}

// TestAStreamEnds with the request, the server, or what lets somebody follow; and
// then nobody looks any more.
func TestAStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(logs)
		w := New(l.look, slog.New(slog.DiscardHandler))
		ctx, leave := context.WithCancel(t.Context())
		_, left := follow(ctx, w, "ada", "", may)
		var gone, down atomic.Bool
		bo, out := follow(t.Context(), w, "bo", "", func(context.Context) error {
			if gone.Load() {
				return provision.Refuse("role", "may no longer")
			}
			return nil
		})
		cy, unavailable := follow(t.Context(), w, "cy", "", func(context.Context) error {
			if down.Load() {
				return errors.New("no database")
			}
			return nil
		})
		synctest.Wait()
		leave()
		gone.Store(true)
		l.place.Store(1)
		time.Sleep(lookEvery + time.Millisecond)
		if <-left; <-out != nil || strings.Contains(bo.String(), "news") || !strings.Contains(bo.String(), "event: over") {
			t.Errorf("who may no longer is told %q", bo)
		}
		down.Store(true)
		time.Sleep(stillEvery)
		if <-unavailable != nil || strings.Contains(cy.String(), "over") {
			t.Errorf("when it cannot be said: %q", cy)
		}
		time.Sleep(time.Second)
		before := l.looks.Load()
		time.Sleep(time.Minute)
		if l.looks.Load() != before {
			t.Error("it looks, although nobody follows")
		}
		_, stopped := follow(t.Context(), w, "ada", "", may)
		synctest.Wait()
		w.Close()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// TestStreamsAreBounded, of one person and of all.
func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(new(logs).look, slog.New(slog.DiscardHandler))
		begin := func(who string) error {
			_, ended := follow(t.Context(), w, who, "", may)
			synctest.Wait()
			select {
			case err := <-ended:
				return err
			default:
				return nil
			}
		}
		limited := func(err error) bool {
			e, ok := errors.AsType[*provision.Error](err)
			return ok && e.Code == provision.Limited
		}
		for range mostOfOne {
			if err := begin("ada"); err != nil {
				t.Fatal(err)
			}
		}
		if err := begin("ada"); !limited(err) {
			t.Errorf("one more of one person: %v", err)
		}
		for i := range mostStreams - mostOfOne {
			if err := begin("bo" + strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := begin("last"); !limited(err) {
			t.Errorf("one more of all: %v", err)
		}
		w.Close()
	})
}
