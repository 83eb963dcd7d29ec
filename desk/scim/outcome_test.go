//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package scim

import (
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestOutcomes: whatever befalls an answer, people are in or out as is told of them.
func TestOutcomes(t *testing.T) {
	f := newFake(t, habits{showsGroups: true})
	outcometest.Run(t, outcometest.Harness{
		Harness: f.harness(),
		Server:  f.URL + "/v2",
		Connect: func(t *testing.T, address string) desk.Desk { return connect(t, address) },
	})
}
