package turn

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/provision"
)

// TestTurns checks what a request gets, what it is told when it gets nothing, and
// that all comes back at its end.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := New(Limits{Requests: 3, Searches: 1, Memory: 4 << 20, Wait: time.Second})
		begin := func(conn string) *Turn {
			t.Helper()
			got, err := turns.Begin(t.Context(), provision.ConnectionID(conn))
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		status := func(err error) int {
			e, _ := errors.AsType[scimerrors.ScimError](err)
			return e.Status
		}
		one, two, three := begin("a"), begin("a"), begin("a")
		if _, err := turns.Begin(t.Context(), "a"); status(err) != 429 {
			t.Errorf("a fourth request: %v", err)
		}
		done, err := one.Search(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := two.Search(t.Context()); status(err) != 429 {
			t.Errorf("a second search: %v", err)
		}
		begin("a").End() // beside those that search, or wait to
		begin("a").End()
		others := []*Turn{begin("b"), begin("c")}
		if _, err := others[0].Search(t.Context()); err != nil {
			t.Errorf("of another connection: %v", err)
		}
		if _, err := others[1].Search(t.Context()); status(err) != 503 {
			t.Errorf("of a third one: %v", err)
		}
		done()
		if _, err := two.Search(t.Context()); err != nil {
			t.Errorf("after the first: %v", err)
		}

		keep, err := one.Page(t.Context(), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := two.Body(t.Context(), -1, 100<<10); status(err) != 429 {
			t.Errorf("a body beside a page that takes it all: %v", err)
		}
		if err := two.Body(t.Context(), 64<<10, 1<<20); err != nil {
			t.Errorf("a small one: %v", err)
		}
		keep(1000)
		if err := two.Body(t.Context(), -1, 100<<10); err != nil {
			t.Errorf("after the page has turned out small: %v", err)
		}
		for _, turn := range append(others, one, two, three) {
			turn.End()
		}
		last := begin("a")
		if _, err := last.Page(t.Context(), 100<<20); err != nil {
			t.Errorf("a page when all is back: %v", err)
		}
		last.End()
	})
}
