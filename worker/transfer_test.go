package worker_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker"
)

// closing returns the details of the entries that close hand-overs.
func (h *harness) closing(id provision.IdentityID) (out []string) {
	h.Helper()
	for _, e := range h.audit(id) {
		if e.Action == "account.handed_over" {
			out = append(out, fmt.Sprintf("before %v, moved %v, to_queue %v, left %v", e.Detail["before"], e.Detail["moved"], e.Detail["to_queue"], e.Detail["left"]))
		}
	}
	return out
}

// loses is a desk whose deactivated users own nothing.
func (h *harness) loses() {
	h.faults.capabilities = func(c *desk.Capabilities) { c.OnDeactivate = desk.Unassigns }
}

// order returns where each of actions is first in a person's entries.
func (h *harness) inOrder(id provision.IdentityID, actions ...string) {
	h.Helper()
	var seen []string
	for _, e := range h.audit(id) {
		if slices.Contains(actions, string(e.Action)) && !slices.Contains(seen, string(e.Action)) {
			seen = append(seen, string(e.Action))
		}
	}
	h.same("order of entries", actions, seen)
}

// TestHandOverIsEnteredAsReadBack: a desk that says yes and moves nothing leaves
// no trace in the log, however often it is asked.
func TestHandOverIsEnteredAsReadBack(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverTeam }, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		for range 6 {
			h.conversation(h.account(id.ID).DeskUser)
		}
		h.faults.fail("Assign", errPretend)
		h.suspend(id.ID)
		h.drain()
		for range 3 {
			a := h.state(id.ID, provision.AccountWaiting)
			if !strings.Contains(a.Reason, "does not show them afterwards") || !strings.Contains(a.Reason, "0 of 6 conversations") {
				h.Errorf("reason %q", a.Reason)
			}
			h.pass(10 * time.Second)
		}
		if n := len(h.handOvers(id.ID)); n != 0 {
			h.Errorf("%d entries of what never moved", n)
		}
		h.faults.reset()
		h.pass(time.Minute)
		h.state(id.ID, provision.AccountEnded)
		if n := len(h.handOvers(id.ID)); n != 6 {
			h.Errorf("%d entries, want 6", n)
		}
		h.oneEntryEach(id.ID)
		h.same("closing entries", []string{"before 6, moved 6, to_queue 0, left 0"}, h.closing(id.ID))
	})
}

// TestHandOverShownLate: what moves after the run has ended is entered by the
// next one, and assigned once.
func TestHandOverShownLate(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		user := h.account(id.ID).DeskUser
		list := []string{h.conversation(user), h.conversation(user)}
		h.faults.reset()
		h.faults.fail("Assign", errPretend)
		h.suspend(id.ID)
		h.drain()
		for _, c := range list {
			h.must(h.raw.Assign(h.Context(), c, desk.Assignee{}))
		}
		h.pass(10 * time.Second)
		h.state(id.ID, provision.AccountEnded)
		assigned := 0
		for _, call := range h.faults.wrote() {
			if call == "Assign" {
				assigned++
			}
		}
		if n := len(h.handOvers(id.ID)); n != 2 || assigned != 2 {
			h.Errorf("%d entries, %d assignments, want 2 and 2", n, assigned)
		}
		h.oneEntryEach(id.ID)
		h.same("closing entries", []string{"before 2, moved 2, to_queue 2, left 0"}, h.closing(id.ID))
	})
}

// TestUntriedIsNotEntered: what a run that died had planned, and somebody else
// did, is not said to be done by it.
func TestUntriedIsNotEntered(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id, bob := h.agent("ann"), h.agent("bob")
		user := h.account(id.ID).DeskUser
		list := []string{h.conversation(user), h.conversation(user), h.conversation(user), h.conversation(user)}
		assigned := 0
		h.faults.before = func(_ int, call string) error {
			if call == "Assign" {
				if assigned++; assigned == 3 {
					return dieAt(0)(0, call)
				}
			}
			return nil
		}
		h.suspend(id.ID)
		runs, _ := h.jobs()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			h.reconcile(runs[0])
		}()
		<-ended
		theirs := h.openOf(user)
		if len(theirs) != 2 {
			h.Fatalf("%v are still theirs, want two", theirs)
		}
		h.restart()
		h.must(h.raw.Assign(h.Context(), theirs[1], desk.Assignee{User: h.account(bob.ID).DeskUser})) // by a colleague
		h.pass(2 * reconcile.Lease)
		h.state(id.ID, provision.AccountEnded)
		if n := len(h.handOvers(id.ID)); n != 3 {
			h.Errorf("%d entries, want 3 of %v", n, list)
		}
		h.oneEntryEach(id.ID)
		if got := h.closing(id.ID); len(got) != 1 || !strings.HasSuffix(got[0], "moved 3, to_queue 3, left 0") {
			h.Errorf("closing entries %v", got)
		}
	})
}

// TestAccessIsCutFirst: where conversations stay with a deactivated user, access
// does not wait for them.
func TestAccessIsCutFirst(t *testing.T) {
	for _, tt := range []struct {
		name    string
		policy  provision.OnLeave
		loses   bool // the desk's users lose what they own
		active  bool // while conversations cannot be read
		actions []string
	}{
		{"deactivate", "", false, false, []string{"account.deactivated", "conversation.handed_over", "account.teams_changed", "account.ended"}},
		{"delete", provision.LeaveDelete, false, false, []string{"account.deactivated", "conversation.handed_over", "account.teams_changed", "account.deleted", "account.ended"}},
		{"anonymize", provision.LeaveAnonymize, false, false, []string{"account.deactivated", "conversation.handed_over", "account.teams_changed", "account.anonymized", "account.ended"}},
		{"downgrade takes conversations away", provision.LeaveDowngrade, false, true, []string{"conversation.handed_over", "account.teams_changed", "account.role_changed", "account.ended"}},
		{"where they are lost with access", "", true, true, []string{"conversation.handed_over", "account.teams_changed", "account.deactivated", "account.ended"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(s *settings) { s.desk.OnLeave = tt.policy }, func(h *harness) {
				h.agents()
				if tt.loses {
					h.loses()
				}
				id := h.agent("ann")
				for range 2 {
					h.conversation(h.account(id.ID).DeskUser)
				}
				h.faults.fail("OpenConversations", desk.Errorf(desk.Retryable, "conversations are down"))
				h.suspend(id.ID)
				h.drain()
				a := h.state(id.ID, provision.AccountWaiting)
				if !strings.Contains(a.Reason, "conversations are down") {
					h.Errorf("reason %q", a.Reason)
				}
				if u := h.user(id.Profile.Email); u.Active != tt.active {
					h.Errorf("active: %v, want %v", u.Active, tt.active)
				}
				h.faults.reset()
				h.pass(time.Minute)
				h.state(id.ID, provision.AccountEnded)
				h.inOrder(id.ID, tt.actions...)
				if n := len(h.handOvers(id.ID)); n != 2 {
					h.Errorf("%d handed over, want 2", n)
				}
				if n := h.actions(id.ID)["account.deactivated"]; n > 1 {
					h.Errorf("deactivated %d times", n)
				}
			})
		})
	}
}

// TestHandOverInSlices: a run gives its worker back, and the next one goes on.
func TestHandOverInSlices(t *testing.T) {
	for _, loses := range []bool{false, true} {
		each(t, nil, func(h *harness) {
			defer worker.SetHandOverSlice(0)() // one conversation a run
			h.agents()
			if loses {
				h.loses()
			}
			id := h.agent("ann")
			const many = 5
			for range many {
				h.conversation(h.account(id.ID).DeskUser)
			}
			h.suspend(id.ID)
			for n := 1; n < many; n++ {
				runs, _ := h.jobs()
				if len(runs) != 1 {
					h.Fatalf("%d runs are due", len(runs))
				}
				h.reconcile(runs[0])
				a := h.state(id.ID, provision.AccountWaiting)
				want := fmt.Sprintf("%d of %d conversations are handed over", n, many)
				if a.ReasonCode != provision.ReasonHandingOver || !strings.Contains(a.Reason, want) || a.Attempts != 0 {
					h.Errorf("%s: %q after %d failures, want %q", a.ReasonCode, a.Reason, a.Attempts, want)
				}
				if u := h.user(id.Profile.Email); u.Active != loses {
					h.Errorf("active: %v, want %v", u.Active, loses)
				}
			}
			h.drain()
			h.state(id.ID, provision.AccountEnded)
			h.oneEntryEach(id.ID)
			h.same("closing entries", []string{"before 5, moved 5, to_queue 5, left 0"}, h.closing(id.ID))
		})
	}
}

// TestHandOverEndsWithReturn: who comes back in the midst of it keeps the rest,
// and the log says so.
func TestHandOverEndsWithReturn(t *testing.T) {
	each(t, nil, func(h *harness) {
		defer worker.SetHandOverSlice(0)()
		h.agents()
		id := h.agent("ann")
		for range 3 {
			h.conversation(h.account(id.ID).DeskUser)
		}
		h.suspend(id.ID)
		runs, _ := h.jobs()
		h.reconcile(runs[0])
		h.restore(id.ID)
		h.drain()
		a := h.state(id.ID, provision.AccountReady)
		if left := h.openOf(a.DeskUser); len(left) != 2 {
			h.Errorf("still theirs: %v, want two", left)
		}
		h.same("closing entries", []string{"before 3, moved 1, to_queue 1, left 2"}, h.closing(id.ID))
		if !reflect.DeepEqual(a.Transfer, provision.Transfer{}) {
			h.Errorf("still on its way: %+v", a.Transfer)
		}
	})
}

// manyAtOnce is a desk that assigns in bulk and deals out conversations.
type manyAtOnce struct {
	faulty
	batches *[]int
	refuse  string // a conversation that no batch may hold
	inflow  error  // what it says to stop dealing
}

func (d manyAtOnce) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	return d.faults.call("AssignMany", true, func() error {
		*d.batches = append(*d.batches, len(conversations))
		for _, c := range conversations {
			if c == d.refuse {
				return desk.Errorf(desk.Permanent, "not in bulk")
			}
			if err := d.Desk.Assign(ctx, c, to); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d manyAtOnce) StopInflow(context.Context, provision.DeskUserID) error {
	return d.faults.call("StopInflow", true, func() error { return d.inflow })
}

func (d manyAtOnce) SetAway(context.Context, provision.DeskUserID, bool) error {
	return d.faults.call("SetAway", true, func() error { return d.inflow })
}

func TestHandOverInBulk(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverRoundRobin }, func(h *harness) {
		var batches []int
		refuse := ""
		h.wrap = func(d faulty) desk.Desk { return manyAtOnce{faulty: d, batches: &batches, refuse: refuse} }
		h.agents()
		id := h.agent("ann")
		peers := []provision.Identity{h.agent("bob"), h.agent("cid")}
		for range 120 {
			refuse = h.conversation(h.account(id.ID).DeskUser)
		}
		h.restart()
		h.suspend(id.ID)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
		for _, p := range peers {
			if n := len(h.openOf(h.account(p.ID).DeskUser)); n != 60 {
				h.Errorf("%s has %d, want 60", p.UserName, n)
			}
		}
		if len(batches) > 6 || slices.Max(batches) > 50 {
			h.Errorf("batches %v", batches)
		}
		h.oneEntryEach(id.ID)
		h.same("closing entries", []string{"before 120, moved 120, to_queue 0, left 0"}, h.closing(id.ID))
	})
}

// lateQueue is a desk that refuses every assignee, and gives a conversation back to
// the queue a moment after it has been looked at.
type lateQueue struct{ faulty }

func (d lateQueue) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if to != (desk.Assignee{}) {
		return desk.Errorf(desk.Permanent, "may not own it")
	}
	if err := d.faulty.Assign(ctx, conversation, to); err != nil {
		return err
	}
	return &desk.Error{Kind: desk.Permanent, Detail: "does not show it", NotShown: true}
}

// TestHandOverToTheQueueShownLate: it is looked at again, and nobody is asked.
func TestHandOverToTheQueueShownLate(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverTeam }, func(h *harness) {
		h.wrap = func(d faulty) desk.Desk { return lateQueue{d} }
		h.agents()
		id := h.agent("ann")
		h.conversation(h.account(id.ID).DeskUser)
		h.suspend(id.ID)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
		h.same("closing entries", []string{"before 1, moved 1, to_queue 1, left 0"}, h.closing(id.ID))
	})
}

// TestInflowIsStopped: a desk that deals out conversations is told not to, once,
// before they are handed over. One that refuses, or says yes and goes on, keeps nobody
// in, and is not entered as told.
func TestInflowIsStopped(t *testing.T) {
	for _, inflow := range []error{nil, desk.Errorf(desk.Permanent, "no routing here"), &desk.Error{Kind: desk.Permanent, Detail: "goes on", NotShown: true}} {
		each(t, nil, func(h *harness) {
			defer worker.SetHandOverSlice(0)()
			var batches []int
			h.wrap = func(d faulty) desk.Desk { return manyAtOnce{faulty: d, batches: &batches, inflow: inflow} }
			h.agents()
			id := h.agent("ann")
			for range 3 {
				h.conversation(h.account(id.ID).DeskUser)
			}
			h.loses()
			h.faults.reset()
			h.suspend(id.ID)
			h.drain()
			h.state(id.ID, provision.AccountEnded)
			wrote := h.faults.wrote()
			stops := 0
			for _, call := range wrote {
				if call == "StopInflow" {
					stops++
				}
			}
			if wrote[0] != "StopInflow" || inflow == nil && stops != 1 {
				h.Errorf("wrote %v", wrote)
			}
			entries := h.actions(id.ID)["account.inflow_stopped"]
			if inflow == nil && entries != 1 || inflow != nil && entries != 0 {
				h.Errorf("%d entries with %v", entries, inflow)
			}
		})
	}
}

// in opens a conversation in a mailbox, assigned to a desk user.
func (h *harness) in(mailbox string, to provision.DeskUserID) string {
	h.Helper()
	id, err := h.desks.AddConversation(h.Context(), h.desk.ID, builtin.NewConversation{Mailbox: mailbox, Subject: "It is broken",
		Text: "Please help", Customer: builtin.Customer{Email: "customer@shop.test"}, Assignee: desk.Assignee{User: to}})
	h.must(err)
	return id
}

// tellsTeams is a desk that says which mailboxes follow from teams; alone, that
// they follow from nothing else.
type tellsTeams struct {
	faulty
	of    map[string][]string
	alone bool
}

func (d tellsTeams) Capabilities() desk.Capabilities {
	c := d.faulty.Capabilities()
	c.MailboxesByTeam = d.alone
	return c
}

func (d tellsTeams) MailboxesOf(_ context.Context, team string) ([]string, error) {
	return d.of[team], nil
}

// TestMovers: who stays, and can no longer own some conversations, hands them
// over by the desk's policy before.
func TestMovers(t *testing.T) {
	tests := []struct {
		name string
		to   string   // rule
		own  []string // what they have open, by mailbox
		keep int
		team string // the team that gets what is lost
		wrap func(d faulty) desk.Desk
	}{
		{name: "to another mailbox", to: "clerk", own: []string{"Help", "Help", "Billing"}, keep: 1, team: "Tier 1"},
		{name: "to a role that owns none", to: "light", own: []string{"Help", "Billing"}, keep: 0, team: "Tier 1"},
		{name: "within the same mailbox", to: "second", own: []string{"Help"}, keep: 1},
		{name: "more access", to: "boss", own: []string{"Help", "Billing"}, keep: 2},
		{name: "out of a team that gives a mailbox", to: "second", own: []string{"Help", "Billing"}, keep: 1, team: "Tier 1", wrap: func(d faulty) desk.Desk {
			return tellsTeams{faulty: d, of: map[string][]string{"Tier 1": {"Billing", "Help"}, "Tier 2": {"Help"}, "Choir": {"Help"}}, alone: true}
		}},
		{name: "out of a team that gives a mailbox which stays besides", to: "second", own: []string{"Help", "Billing"}, keep: 2, wrap: func(d faulty) desk.Desk {
			return tellsTeams{faulty: d, of: map[string][]string{"Tier 1": {"Billing", "Help"}}}
		}},
	}
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverTeam }, func(h *harness) {
		h.agents()
		h.rule("both", provision.RoleAgent, []string{"Tier 1"}, []string{"Help", "Billing"})
		h.rule("clerk", provision.RoleAgent, []string{"Tier 2"}, []string{"Billing"})
		h.rule("second", provision.RoleAgent, []string{"Tier 2"}, []string{"Help", "Billing"})
		h.rule("light", provision.RoleLimited, nil, nil)
		h.rule("boss", provision.RoleAdmin, []string{"Tier 1"}, []string{"Help", "Billing"})
		for i, tt := range tests {
			h.sub(tt.name, func() {
				h.wrap = tt.wrap
				h.restart()
				id := h.person(fmt.Sprintf("mover%d", i), roles("both"))
				h.drain()
				user := h.account(id.ID).DeskUser
				for _, m := range tt.own {
					h.in(m, user)
				}
				before := h.snapshot().Assigned[tt.team]
				h.update(id.ID, roles(tt.to))
				h.drain()
				h.state(id.ID, provision.AccountReady)
				lost := len(tt.own) - tt.keep
				if n := len(h.openOf(user)); n != tt.keep {
					h.Errorf("%d are still theirs, want %d", n, tt.keep)
				}
				if n := h.snapshot().Assigned[tt.team] - before; tt.team != "" && n != lost {
					h.Errorf("%d went to %s, want %d", n, tt.team, lost)
				}
				if n := len(h.handOvers(id.ID)); n != lost {
					h.Errorf("%d entries, want %d", n, lost)
				}
				var closing []string
				if lost > 0 {
					closing = []string{fmt.Sprintf("before %d, moved %d, to_queue 0, left 0", lost, lost)}
				}
				h.same("closing entries", closing, h.closing(id.ID))
			})
		}
	})
}

// TestWhatStaysIsNotHandedOver: what a run had tried to hand over, and that somebody
// keeps after all, is not said to have moved while other conversations do.
func TestWhatStaysIsNotHandedOver(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverTeam }, func(h *harness) {
		h.agents()
		h.rule("both", provision.RoleAgent, []string{"Tier 1"}, []string{"Help", "Billing"})
		h.rule("clerk", provision.RoleAgent, []string{"Tier 2"}, []string{"Billing"})
		h.rule("helper", provision.RoleAgent, []string{"Tier 2"}, []string{"Help"})
		id := h.person("mover", roles("both"))
		h.drain()
		user := h.account(id.ID).DeskUser
		h.in("Help", user)
		h.in("Billing", user)
		h.faults.fail("Assign", errPretend)
		h.update(id.ID, roles("clerk"))
		h.drain()
		h.state(id.ID, provision.AccountWaiting)
		h.faults.reset()
		h.update(id.ID, roles("helper"))
		h.pass(time.Minute)
		h.state(id.ID, provision.AccountReady)
		if left, entries := h.openOf(user), h.handOvers(id.ID); len(left) != 1 || len(entries) != 1 || entries[0]["conversation"] == left[0] {
			h.Errorf("%v are still theirs, and the log says %v", left, entries)
		}
	})
}

// TestSweepAsksOnce: half a list taken for all of it is no task for everybody.
func TestSweepAsksOnce(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		h.agents()
		ids := h.crowd(5)
		odd := h.agent("odd")
		h.must(h.raw.SetActive(h.Context(), h.account(odd.ID).DeskUser, false))
		h.faults.user = func(u *provision.DeskUser) { u.Mailboxes = nil }
		h.faults.list = func(list []provision.DeskUser) []provision.DeskUser {
			for i := range list {
				list[i].Mailboxes = nil
			}
			return list
		}
		_, err := h.trySweep()
		if err == nil || !strings.Contains(err.Error(), `6 of 6 people are not shown in mailbox "Help"`) || !strings.Contains(err.Error(), "--force") {
			h.Errorf("sweep: %v", err)
		}
		for _, id := range append(ids, odd) {
			if h.due(id.ID) {
				h.Errorf("%s is reconciled", id.UserName)
			}
		}
		h.faults.user, h.faults.list = nil, nil // the whole list
		report := h.sweep()
		h.same("differences", []string{"odd: the user is deactivated"}, h.differences(report.Drifts))

		for _, id := range ids { // it is so
			h.must(h.raw.ChangeMailboxes(h.Context(), h.account(id.ID).DeskUser, nil, []string{"Help"}))
		}
		h.drain()
		if _, err := h.trySweep(); err == nil {
			h.Error("five of six lost a mailbox, and nobody is asked")
		}
		report = h.sweep(func(o *worker.SweepOptions) { o.Force = true })
		if len(report.Drifts) != 5 {
			h.Errorf("found %v", h.differences(report.Drifts))
		}
		h.drain()
		if again := h.sweep(); len(again.Drifts) != 0 {
			h.Errorf("found again: %v", h.differences(again.Drifts))
		}
	})
}
