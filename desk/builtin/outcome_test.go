//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package builtin_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestOutcomes plays the table of faults.
func TestOutcomes(t *testing.T) {
	outcometest.Run(t, outcometest.Harness{Harness: harness(t, migrated(t, openSQLite(t), builtin.SQLite))})
}

// TestLeaverInTwoMailboxes: by rules of mailboxes, a death, and a desk that fails.
func TestLeaverInTwoMailboxes(t *testing.T) {
	outcometest.RunMailboxes(t, outcometest.Harness{Harness: harness(t, migrated(t, openSQLite(t), builtin.SQLite))})
}
