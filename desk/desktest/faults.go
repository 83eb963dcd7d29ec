package desktest

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/faulty"
)

// RunBehindFaults runs the tests of what changes a user or a conversation with
// faults that must do no harm: every call arrives twice, as when a proxy
// repeats it, and creations, which would then meet themselves, come a little
// late. Adding twice, removing what is not there and deleting who is gone
// succeed, says the contract.
func RunBehindFaults(t *testing.T, h Harness) {
	open := h.Desk
	h.Desk = func(t *testing.T) desk.Desk {
		return faulty.New(open(t), faulty.Plan{Script: []faulty.Fault{
			{Kind: faulty.Slow, Method: faulty.Create, For: time.Millisecond, Times: faulty.Always},
			{Kind: faulty.Twice, Times: faulty.Always},
		}}).Desk()
	}
	t.Run("every call arrives twice", func(t *testing.T) { run(t, h, writes) })
}
