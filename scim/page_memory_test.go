//go:build !race

// Without the race detector, which takes memory of its own: what is measured is
// what the program takes. test/run.sh runs it.

package scim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestLargePagesAtOnce checks that what pages of large resources take follows the
// limit, and not how many people ask at once.
func TestLargePagesAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1, PageBytes: 2 << 20, Memory: 32 << 20, Wait: time.Minute, QueryTime: 20 * time.Second})
		note := strings.Repeat("x", 900_000)
		for i := range 24 {
			s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%02d","note":"%s"}`, i, note))
		}
		defer debug.SetGCPercent(debug.SetGCPercent(100)) // whatever GOGC says
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		var peak uint64
		done := make(chan struct{})
		var watch, ask sync.WaitGroup
		watch.Go(func() {
			for {
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		})
		for i := range 8 {
			ask.Go(func() {
				query := []string{"count=24", "count=24&attributes=note", "count=24&cursor", "count=24&filter=" + url.QueryEscape("userName pr")}[i%4]
				s.drain("/Users?" + query)
			})
		}
		ask.Wait()
		close(done)
		watch.Wait()
		if more := int64(peak) - int64(before.HeapAlloc); more > 200<<20 {
			t.Errorf("8 pages at once took %d MiB", more>>20)
		} else {
			t.Logf("8 pages at once took %d MiB", more>>20)
		}
	})
}

// drain reads an answer without keeping it.
func (s *server) drain(path string) {
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+path, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
		s.t.Errorf("%s: %d after %d bytes, %v", path, res.StatusCode, n, err)
	}
}
