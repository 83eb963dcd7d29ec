package live

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	// atMostEvery is how soon a page is told again: it reads itself anew each time.
	atMostEvery = 700 * time.Millisecond
	stillEvery  = 3 * time.Second  // asks whether who follows still may
	aliveEvery  = 15 * time.Second // a sign of life, for proxies that close what is silent
	writeTime   = 10 * time.Second // a slow client has for one write
)

// Serve tells a page that something has happened, until the request ends, the server
// stops, or who follows no longer may: still is asked before each event, and now and
// then. The page is at the place that the header Last-Event-ID says, or else the
// query parameter after. A Limited error: too many follow, and nothing was answered.
func (w *Watcher) Serve(to http.ResponseWriter, r *http.Request, who string, still func(context.Context) error) error {
	s, err := w.begin(who)
	if err != nil {
		return err
	}
	defer w.end(s)
	out := http.NewResponseController(to)
	to.Header().Set("Content-Type", "text/event-stream")
	to.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	write := func(text string) bool {
		if err := out.SetWriteDeadline(time.Now().Add(writeTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		_, err := to.Write([]byte(text))
		return err == nil && out.Flush() == nil
	}
	if !write("retry: 2000\n\n") {
		return nil
	}
	at := cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after"))
	if last := w.place(); at == "" {
		at = last
	} else if last != "" { // else the first look says it
		s.wake()
	}
	asked, alive := time.NewTicker(stillEvery), time.NewTicker(aliveEvery)
	defer asked.Stop()
	defer alive.Stop()
	news := s.news
	var rest <-chan time.Time // until when nothing is told
	for {
		text := ""
		select {
		case <-r.Context().Done():
			return nil
		case <-w.closed:
			return nil
		case <-alive.C:
			text = ":\n\n"
		case <-rest:
			news, rest = s.news, nil
			continue
		case <-news:
			place := w.place()
			if place == at {
				continue
			}
			first := at == ""
			if at = place; first { // the page is as new as the stream
				continue
			}
			text = "id: " + place + "\nevent: news\ndata: -\n\n"
			news, rest = nil, time.After(atMostEvery)
		case <-asked.C:
		}
		if err := still(r.Context()); err != nil {
			if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.Denied {
				write("event: over\ndata: -\n\n") // what stands on the page is no longer theirs to see
			}
			return nil // or the page comes back
		}
		if text != "" && !write(text) {
			return nil
		}
	}
}
