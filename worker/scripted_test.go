package worker_test

import (
	"strings"
	"testing"
	"time"

	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
)

// TestScriptedFaults: what people read of a leaver while a desk does one thing
// wrong; when it is mended, they are ended.
func TestScriptedFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault lies.Fault
		state provision.AccountState
		code  provision.ReasonCode
		words []string
	}{
		{"a deletion that is none", lies.Fault{Kind: lies.Pretend, Method: lies.Delete}, provision.AccountWaiting, provision.ReasonLate, []string{"deleting the user", "looked at again"}},
		{"a deletion that shows late", lies.Fault{Kind: lies.Late, Method: lies.Delete, For: 3 * time.Second}, provision.AccountWaiting, provision.ReasonLate, []string{"deleting the user"}},
		{"assignments that are none", lies.Fault{Kind: lies.Pretend, Method: lies.Assign}, provision.AccountWaiting, provision.ReasonFailed, []string{"does not show them afterwards", "0 of 2 conversations"}},
		{"conversations are down", lies.Fault{Kind: lies.Fail, Method: lies.OpenConversations}, provision.AccountWaiting, provision.ReasonFailed, []string{"HTTP 503"}},
		{"users whom nobody knows", lies.Fault{Kind: lies.Missing, Method: lies.Find, When: func(c lies.Call) bool { return c.User != "" }}, provision.AccountWaiting, provision.ReasonFailed, []string{"says that there is no user"}},
		{"a deletion refused", lies.Fault{Kind: lies.Refuse, Method: lies.Delete}, provision.AccountNeedsAttention, provision.ReasonRefused, []string{"deleting the user was refused by support", "HTTP 400"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, deletes, func(h *harness) {
				h.agents()
				id := h.agent("ada")
				for range 2 {
					h.conversation(h.account(id.ID).DeskUser)
				}
				tt.fault.Times = lies.Always
				d := h.behind(lies.Plan{Script: []lies.Fault{tt.fault}})
				h.suspend(id.ID)
				h.drain()
				a := h.state(id.ID, tt.state)
				for _, word := range tt.words {
					if a.ReasonCode != tt.code || !strings.Contains(a.Reason, word) {
						h.Errorf("%s: %q, want %s and %q", a.ReasonCode, a.Reason, tt.code, word)
					}
				}
				if h.actions(id.ID)["account.deleted"] != 0 || h.actions(id.ID)["account.ended"] != 0 {
					h.Errorf("the log says %v", h.actions(id.ID))
				}
				d.Heal()
				d.Settle()
				h.pass(11 * time.Minute)
				h.pass(11 * time.Minute)
				h.state(id.ID, provision.AccountEnded)
				if got := h.actions(id.ID); got["account.deleted"] != 1 || got["account.ended"] != 1 || got["conversation.handed_over"] != 2 || h.user("ada@"+domain) != nil {
					h.Errorf("the log says %v", got)
				}
				h.oneEntryEach(id.ID)
			})
		})
	}
}
