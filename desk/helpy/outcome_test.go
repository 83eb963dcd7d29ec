//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package helpy

import (
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestOutcomes: whatever befalls an answer, people are in or out as is told of them.
func TestOutcomes(t *testing.T) {
	f := newFake(t)
	f.lazy = 1
	outcometest.Run(t, outcometest.Harness{
		Harness: f.harness(),
		Server:  f.URL,
		Connect: func(t *testing.T, address string) desk.Desk { return connect(t, address) },
		Yes: func(method string) (int, string) {
			if method == http.MethodPatch {
				return http.StatusOK, "{}"
			}
			return 0, ""
		},
	})
}

// TestLeaverWithMany: two hundred conversations, two deaths, and a desk that fails.
func TestLeaverWithMany(t *testing.T) {
	outcometest.RunLeaver(t, outcometest.Harness{Harness: newFake(t).harness()})
}
