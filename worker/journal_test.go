package worker_test

import (
	"runtime"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// writes has fault count writes only. That is enough for cuts after a call:
// after a read is the same as before the next call.
func writes(fault func(int, string) error) func(int, string) error {
	n := 0
	return func(_ int, call string) error {
		if slices.Contains([]string{"Check", "Find", "OpenConversations"}, call) {
			return nil
		}
		n++
		return fault(n, call)
	}
}

// dieAt ends the goroutine, as the death of the process would: nothing more is
// read or written.
func dieAt(at int) func(int, string) error {
	return func(n int, _ string) error {
		if n == at {
			runtime.Goexit()
		}
		return nil
	}
}

func failAt(at int) func(int, string) error {
	return func(n int, _ string) error {
		if n == at {
			return desk.Errorf(desk.Retryable, "the line broke")
		}
		return nil
	}
}

// oneEntryEach fails the test when a conversation was handed over twice.
func (h *harness) oneEntryEach(id provision.IdentityID) {
	h.Helper()
	var seen []any
	for _, e := range h.audit(id) {
		if e.Action != provision.Action(reconcile.WriteHandOver) {
			continue
		}
		if slices.Contains(seen, e.Detail["conversation"]) {
			h.Errorf("conversation %v has two entries", e.Detail["conversation"])
		}
		seen = append(seen, e.Detail["conversation"])
	}
}
