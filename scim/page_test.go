package scim_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// found returns the userName or displayName of the resources of a page.
func (r reply) found() []string {
	var out []string
	list, _ := r.body["Resources"].([]any)
	for _, element := range list {
		one, _ := element.(map[string]any)
		name, ok := one["userName"].(string)
		if !ok {
			name, _ = one["displayName"].(string)
		}
		out = append(out, name)
	}
	return out
}

// TestPagesEndAtSoManyBytes checks that a page of large resources is shorter than
// asked for, tells how many there are in all, and is followed by the rest, in
// every way of asking.
func TestPagesEndAtSoManyBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1, PageBytes: 25_000, QueryTime: 20 * time.Second})
		const people, groups = 20, 7
		note := strings.Repeat("x", 10_000)
		for i := range people {
			s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%02d","title":"t%02d","note":"%s"}`, i, people-i, note))
		}
		for i := range groups {
			s.want(201, "POST", "/Groups", fmt.Sprintf(`{"displayName":"g%02d","note":"%s"}`, i, note))
		}
		for _, tt := range []struct {
			name, path string
			total      int
			longest    int // page
		}{
			{"people", "/Users?count=100", people, 3},
			{"people by a filter", "/Users?count=100&filter=" + url.QueryEscape("title pr"), people, 3},
			{"people in order", "/Users?count=100&sortBy=title&sortOrder=descending", people, 3},
			{"what needs the document", "/Users?count=100&attributes=userName,title", people, 3},
			{"what needs none", "/Users?count=100&attributes=userName,meta.created", people, people},
			{"groups", "/Groups?count=100", groups, 3},
			{"both", "?count=100", people + groups, 3},
			{"both in order", "?count=100&sortBy=meta.lastModified", people + groups, 3},
		} {
			t.Run(tt.name, func(t *testing.T) {
				for _, walk := range []bool{false, true} {
					seen := map[string]int{}
					pages, next := 0, ""
					for got := 0; pages < 50; pages++ {
						query := fmt.Sprintf("&startIndex=%d", got+1)
						if walk {
							query = "&cursor=" + next
						}
						page := s.want(200, "GET", tt.path+query, "")
						names := page.found()
						if page.body["totalResults"] != float64(tt.total) || page.body["itemsPerPage"] != float64(len(names)) || len(names) > tt.longest {
							t.Fatalf("walk %t: a page of %d: %.200s", walk, len(names), page.raw)
						}
						for _, name := range names {
							seen[name]++
						}
						got += len(names)
						next, _ = page.body["nextCursor"].(string)
						if walk && next == "" || !walk && got >= tt.total {
							break
						}
						if len(names) == 0 {
							t.Fatalf("walk %t: an empty page after %d", walk, got)
						}
					}
					for name, n := range seen {
						if n != 1 {
							t.Errorf("walk %t: %s came %d times", walk, name, n)
						}
					}
					if len(seen) != tt.total {
						t.Errorf("walk %t: %d of %d came in %d pages", walk, len(seen), tt.total, pages)
					}
				}
			})
		}
	})
}
