//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package zammad

import (
	"net/http"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestOutcomes: whatever befalls an answer, people are in or out as is told of them.
func TestOutcomes(t *testing.T) {
	f := newFake(t)
	outcometest.Run(t, outcometest.Harness{
		Harness: f.harness(),
		Server:  f.URL,
		Connect: func(t *testing.T, address string) desk.Desk { return connect(t, address) },
		Reads:   func(_, path string) bool { return strings.HasSuffix(path, "/search") },
		Yes: func(method string) (int, string) {
			if method == http.MethodPut {
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

// TestLeaverInTwoMailboxes: by rules of mailboxes, a death, and a desk that fails.
func TestLeaverInTwoMailboxes(t *testing.T) {
	outcometest.RunMailboxes(t, outcometest.Harness{Harness: newFake(t).harness()})
}
