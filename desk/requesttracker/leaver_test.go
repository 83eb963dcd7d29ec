//go:build services && !race

// Without the race detector: one request comes after the other, and the real desk takes its
// time. test/run.sh plays it by itself.

package requesttracker

import (
	"testing"

	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestLeaverWithManyOnReal: two hundred conversations of the real desk, two deaths, and a
// network that loses answers.
func TestLeaverWithManyOnReal(t *testing.T) {
	outcometest.RunLeaver(t, outcometest.Harness{Harness: harness()})
}
