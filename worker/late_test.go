package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// changesNobody makes the desk one that changes nothing of a user who exists,
// deletes, and says of the calls in pretended that it does them.
func (h *harness) changesNobody(pretended ...string) {
	h.faults.capabilities = func(c *desk.Capabilities) {
		c.ChangeRole, c.ChangeMailboxes, c.Deactivate, c.OnDeactivate = false, false, false, ""
	}
	h.faults.before = func(_ int, call string) error {
		switch {
		case slices.Contains(pretended, call):
			return errPretend
		case slices.Contains([]string{"SetRole", "ChangeMailboxes", "SetActive"}, call):
			return desk.Unsupported(call, "take away access to \"Help\"")
		}
		return nil
	}
}

// TestDeleteShownLate: what a desk shows a moment later is no task.
func TestDeleteShownLate(t *testing.T) {
	each(t, func(s *settings) { s.desk.OnLeave = provision.LeaveDelete }, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		user := h.account(id.ID).DeskUser
		h.changesNobody("Delete")
		h.suspend(id.ID)
		h.drain()
		for _, wait := range []time.Duration{time.Second, 2 * time.Second} {
			a := h.state(id.ID, provision.AccountWaiting)
			if a.ReasonCode != provision.ReasonLate || !strings.Contains(a.Reason, "deleting the user") {
				h.Errorf("%s: %q", a.ReasonCode, a.Reason)
			}
			if got := a.RetryAt.Sub(h.now()); got > wait || got < wait-time.Second {
				h.Errorf("looked at again in %v, want %v", got, wait)
			}
			h.pass(wait)
		}
		h.must(h.raw.Delete(h.Context(), user)) // now it does
		h.pass(4 * time.Second)
		h.state(id.ID, provision.AccountEnded)
		if got := h.actions(id.ID); got["account.deleted"] != 1 || got["account.needs_attention"] != 0 {
			h.Errorf("entries %v", got)
		}
	})
}

// TestDeleteNeverShown: after a few looks, and a second try, it is a task, which
// begins with what is most.
func TestDeleteNeverShown(t *testing.T) {
	each(t, func(s *settings) { s.desk.OnLeave = provision.LeaveDelete }, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		user := h.account(id.ID).DeskUser
		h.faults.reset()
		h.changesNobody("Delete")
		h.suspend(id.ID)
		h.drain()
		for range 7 {
			h.state(id.ID, provision.AccountWaiting)
			h.pass(time.Second)
		}
		a := h.state(id.ID, provision.AccountNeedsAttention)
		want := "an admin has to do this by hand: delete desk user " + string(user)
		if a.ReasonCode != provision.ReasonResidual || h.measured("deskbridge_residual_access") != 1 || !strings.HasPrefix(a.Reason, want) || !strings.Contains(a.Reason, "take away access") {
			h.Errorf("%s: %q, want it to begin with %q", a.ReasonCode, a.Reason, want)
		}
		deletes := 0
		for _, call := range h.faults.wrote() {
			if call == "Delete" {
				deletes++
			}
		}
		if deletes != 2 {
			h.Errorf("deleted %d times, want 2", deletes)
		}
		h.must(h.raw.Delete(h.Context(), user))
		h.pass(11 * time.Minute)
		h.state(id.ID, provision.AccountEnded)
	})
}

// TestCreateShownLate: nobody is made twice because a desk shows them late.
func TestCreateShownLate(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		hidden := true
		h.faults.hide = func(u *provision.DeskUser) bool { return hidden && u.Email == "ann@"+domain }
		id := h.agent("ann")
		a := h.state(id.ID, provision.AccountWaiting)
		if a.ReasonCode != provision.ReasonLate {
			h.Errorf("%s: %q", a.ReasonCode, a.Reason)
		}
		user := a.DeskUser
		h.pass(time.Second)
		h.state(id.ID, provision.AccountWaiting)
		hidden = false
		h.pass(2 * time.Second)
		if a := h.state(id.ID, provision.AccountReady); a.DeskUser != user || user == "" {
			h.Errorf("user %q, want %q", a.DeskUser, user)
		}
		if wrote := h.faults.wrote(); !slices.Equal(wrote, []string{"Create"}) {
			h.Errorf("wrote %v", wrote)
		}
	})
}

// TestRefusalsNameTheWrite: what an admin reads says what was refused.
func TestRefusalsNameTheWrite(t *testing.T) {
	each(t, func(s *settings) { s.desk.OnLeave = provision.LeaveDelete }, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.faults.fail("Delete", &desk.Error{Kind: desk.Permanent, Field: "user (Routing)", Detail: "the desk refuses the request (HTTP 400)"})
		h.suspend(id.ID)
		h.drain()
		a := h.state(id.ID, provision.AccountNeedsAttention)
		if a.ReasonCode != provision.ReasonRefused { // access was cut before
			h.Errorf("reason code %s", a.ReasonCode)
		}
		if want := "deleting the user was refused by support: the desk refuses the request (HTTP 400) (user (Routing))"; a.Reason != want {
			h.Errorf("reason %q, want %q", a.Reason, want)
		}
	})
}

// TestRefusedEndIsResidual: a refusal that leaves a leaver in is more than one.
func TestRefusedEndIsResidual(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.loses()
		id := h.agent("ann")
		h.faults.fail("SetActive", desk.Errorf(desk.Permanent, "not allowed"))
		h.suspend(id.ID)
		h.drain()
		h.residual(id.ID, provision.ReasonResidual, "deactivating the user was refused by support: not allowed")
	})
}

// TestTakenAddressNamesItsUser: who has an address can be found without a search.
func TestTakenAddressNamesItsUser(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann, bob := h.agent("ann"), h.agent("bob")
		stranger := h.byHand("stranger", provision.RoleAdmin)
		for _, tt := range []struct {
			email string
			code  provision.ReasonCode
			words []string
		}{
			{bob.Profile.Email, provision.ReasonNameTaken, []string{"account " + string(h.account(bob.ID).ID), "give one of them another address"}},
			{stranger.Email, provision.ReasonConflict, []string{"desk user " + string(stranger.ID) + " (stranger@example.test, role admin)", "not made by Deskbridge",
				"change the address there", "changing the user's name or address was refused by support"}},
		} {
			h.update(ann.ID, func(i *provision.Identity) { i.Profile.Email = tt.email })
			h.drain()
			a := h.state(ann.ID, provision.AccountNeedsAttention)
			for _, word := range tt.words {
				if a.ReasonCode != tt.code || !strings.Contains(a.Reason, word) {
					h.Errorf("%s: %q says nothing of %q", a.ReasonCode, a.Reason, word)
				}
			}
		}
		for _, e := range h.audit(ann.ID) {
			if reason, _ := e.Detail["reason"].(string); strings.Contains(reason, domain) {
				h.Errorf("an entry names somebody: %q", reason)
			}
		}
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.Email = "ann3@" + domain })
		h.drain()
		h.state(ann.ID, provision.AccountReady)
	})
}
