//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package libredesk

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
		Connect: func(t *testing.T, address string) desk.Desk {
			return connectTo(t, address, fakeKey, catalogueOfTests...)
		},
		Yes: func(string) (int, string) { return http.StatusOK, `{"status":"success","data":true}` },
	})
}

// TestLeaverInTwoMailboxes: by rules of mailboxes, a death, and a desk that fails.
func TestLeaverInTwoMailboxes(t *testing.T) {
	outcometest.RunMailboxes(t, outcometest.Harness{Harness: fakeHarness(newFake(t))})
}
