package api_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestOneOfManyMatches has twenty change at once what all of them have read: one
// does, and the others are told that it has changed, also those who came past the
// first look.
func TestOneOfManyMatches(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		o := officeOf(h)
		made := read[answer.Token](o, o.call(o.token, "POST", "/api/v1/connections/acme/tokens", map[string]any{"name": "okta", "days": 365}), 201)
		count := func() int { return len(get[api.Page[answer.Token]](o, "/api/v1/connections/acme/tokens").Items) }
		at, before := "/api/v1/connections/acme/tokens/"+made.ID, count()
		o.header = [2]string{"If-Match", o.call(o.token, "GET", at, nil).Header().Get("ETag")}
		var mu sync.Mutex
		answers := make(map[int]int)
		var begin, done sync.WaitGroup
		begin.Add(1)
		for range 20 {
			done.Go(func() {
				begin.Wait()
				w := o.ask(o.Context(), o.token, "POST", at+"/rotate", map[string]any{})
				mu.Lock()
				answers[w.Code]++
				mu.Unlock()
			})
		}
		begin.Done()
		done.Wait()
		if answers[http.StatusCreated] != 1 || answers[http.StatusPreconditionFailed] != 19 {
			t.Errorf("answers: %v; want 201 once and 412 for the others", answers)
		}
		o.header = [2]string{}
		if n := count(); n != before+1 {
			t.Errorf("%d tokens, before %d; want a new one", n, before)
		}
	})
}
