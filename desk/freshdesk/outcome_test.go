//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package freshdesk

import (
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestOutcomes: whatever befalls an answer, people are in or out as is told of them.
func TestOutcomes(t *testing.T) {
	f := newFake(t)
	outcometest.Run(t, outcometest.Harness{
		Harness: fakeHarness(f),
		Server:  f.URL,
		Connect: func(t *testing.T, address string) desk.Desk { return connectTo(t, address) },
		Yes: func(method string) (int, string) {
			switch method {
			case http.MethodPost:
				return http.StatusCreated, `{}`
			case http.MethodDelete:
				return http.StatusNoContent, ``
			}
			return http.StatusOK, `{}`
		},
	})
}

// TestLeaverWithMany: two hundred conversations, two deaths, and a desk that fails.
func TestLeaverWithMany(t *testing.T) {
	outcometest.RunLeaver(t, outcometest.Harness{Harness: fakeHarness(newFake(t))})
}

// TestLeaverInTwoMailboxes: by rules of mailboxes, a death, and a desk that fails.
func TestLeaverInTwoMailboxes(t *testing.T) {
	outcometest.RunMailboxes(t, outcometest.Harness{Harness: fakeHarness(newFake(t))})
}
