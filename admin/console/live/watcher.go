package live

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/request"
)

// Look says where the logs are by now: another text whenever something has come.
type Look func(context.Context) (string, error)

// Of looks at the audit log and at the request log. An entry that is late, with a
// time before others that are there, is seen when it is sealed.
func Of(log *audit.Service, requests *request.Service) Look {
	return func(ctx context.Context) (string, error) {
		sealed, _, err := log.Feed(ctx, 0, 0)
		if err != nil {
			return "", err
		}
		entries, err := log.Latest(ctx, audit.Filter{}, audit.Place{}, 1)
		if err != nil {
			return "", err
		}
		asked, err := requests.Latest(ctx, request.Filter{}, request.Place{}, 1)
		if err != nil {
			return "", err
		}
		var entry int64
		for _, e := range entries {
			entry = e.ID
		}
		place := fmt.Sprintf("%d.%d", max(entry, sealed), min(entry, sealed))
		for _, r := range asked {
			place += "." + r.ID
		}
		return place, nil
	}
}

const (
	mostStreams = 128 // in this process
	mostOfOne   = 8   // of one person: a browser has a tab or two in front

	lookEvery = 300 * time.Millisecond
	lookTime  = 5 * time.Second // that one look may take
)

// Watcher looks whether something has happened, for all who follow. It is safe for
// concurrent use.
type Watcher struct {
	look   Look
	log    *slog.Logger
	every  time.Duration
	closed chan struct{}
	close  func()

	mu      sync.Mutex
	looking bool
	last    string // where the logs were at the last look; "": not known
	streams map[*stream]bool
	of      map[string]int // streams by person
}

// stream is one page that follows.
type stream struct {
	who  string
	news chan struct{} // holds one when the page has not been told yet
}

func (s *stream) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// New returns a Watcher that nobody follows yet: it does nothing.
func New(look Look, log *slog.Logger) *Watcher {
	w := &Watcher{look: look, log: log, every: lookEvery, closed: make(chan struct{}), streams: make(map[*stream]bool), of: make(map[string]int)}
	w.close = sync.OnceFunc(func() { close(w.closed) })
	return w
}

// Close ends all streams, and lets none begin any more.
func (w *Watcher) Close() { w.close() }

// Place returns where the logs are, for a page that is about to be read: what comes
// later is news for it. It is "" when that cannot be said.
func (w *Watcher) Place(ctx context.Context) string {
	w.mu.Lock()
	last, known := w.last, w.looking && w.last != ""
	w.mu.Unlock()
	if known {
		return last
	}
	place, err := w.look(ctx)
	if err != nil {
		return "" // the page itself says what is wrong
	}
	return place
}

// begin adds a stream; a Limited error when there are too many.
func (w *Watcher) begin(who string) (*stream, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.streams) >= mostStreams || w.of[who] >= mostOfOne {
		return nil, provision.Errorf(provision.Limited, "", "too many pages follow what happens at once; this one looks again by itself")
	}
	s := &stream{who: who, news: make(chan struct{}, 1)}
	if !w.looking {
		w.looking, w.last = true, ""
		go w.watch()
	}
	w.streams[s], w.of[who] = true, w.of[who]+1
	return s, nil
}

func (w *Watcher) end(s *stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.streams, s)
	if w.of[s.who]--; w.of[s.who] == 0 {
		delete(w.of, s.who)
	}
}

// watch looks until nobody follows any more.
func (w *Watcher) watch() {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	failing := false
	for {
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		place, err := w.look(ctx)
		cancel()
		if err != nil && !failing {
			w.log.Warn("console: pages cannot follow what happens; they look again by themselves", "err", err)
		}
		failing = err != nil
		if !w.tell(place, err) {
			return
		}
		select {
		case <-w.closed: // streams end by that, too
			return
		case <-tick.C:
		}
	}
}

// tell wakes all streams when the place is another. It reports whether there are any.
func (w *Watcher) tell(place string, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && place != w.last {
		w.last = place
		for s := range w.streams {
			s.wake()
		}
	}
	w.looking = len(w.streams) > 0
	return w.looking
}

func (w *Watcher) place() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
