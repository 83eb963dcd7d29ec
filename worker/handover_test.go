package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// handOvers returns the details of a leaver's hand-over entries.
func (h *harness) handOvers(id provision.IdentityID) []map[string]any {
	h.Helper()
	var out []map[string]any
	for _, e := range h.audit(id) {
		if e.Action == provision.Action(reconcile.WriteHandOver) {
			out = append(out, e.Detail)
		}
	}
	return out
}

func TestHandOver(t *testing.T) {
	tests := []struct {
		name    string
		policy  provision.HandOver // agent "boss" is the boss of the case
		manager func(boss provision.Identity) string
		prepare func(h *harness, boss provision.Identity)
		want    assignee
	}{
		{name: "named agent", policy: provision.HandOver{Agent: "boss"}, want: assignee{boss: true}},
		{name: "named agent who is nobody", policy: provision.HandOver{Agent: "none@" + domain}, want: assignee{note: "not active on the desk"}},
		{name: "named agent who left", policy: provision.HandOver{Agent: "boss"}, want: assignee{note: "not active on the desk"},
			prepare: func(h *harness, boss provision.Identity) { h.suspend(boss.ID); h.drain() }},
		{name: "manager by id", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{boss: true},
			manager: func(b provision.Identity) string { return string(b.ID) }},
		{name: "manager by externalId", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{boss: true},
			manager: func(b provision.Identity) string { return b.ExternalID }},
		{name: "manager by userName", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{boss: true},
			manager: func(b provision.Identity) string { return strings.ToUpper(b.UserName) }},
		{name: "no manager", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{note: "manager has no account"}},
		{name: "manager who left", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{note: "manager has no account"},
			manager: func(b provision.Identity) string { return string(b.ID) },
			prepare: func(h *harness, boss provision.Identity) { h.suspend(boss.ID); h.drain() }},
		{name: "manager who left, and theirs", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{peer: true, note: "so the next manager above has it"},
			manager: func(b provision.Identity) string { return string(b.ID) },
			prepare: func(h *harness, boss provision.Identity) { h.suspend(h.managedBy(boss, "peer@"+domain).ID); h.drain() }},
		{name: "managers who lead to themselves", policy: provision.HandOver{To: provision.HandOverManager}, want: assignee{note: "manager has no account"},
			manager: func(b provision.Identity) string { return string(b.ID) },
			prepare: func(h *harness, boss provision.Identity) { h.suspend(h.managedBy(boss, string(boss.ID)).ID); h.drain() }},
		{name: "team", policy: provision.HandOver{To: provision.HandOverTeam}, want: assignee{team: "Tier 1"}},
		{name: "in turn", policy: provision.HandOver{To: provision.HandOverRoundRobin}, want: assignee{peer: true}},
		{name: "unassign", policy: provision.HandOver{To: provision.HandOverUnassign}},
		{name: "nothing said", policy: provision.HandOver{}},
		{name: "an assignee who may not own it", policy: provision.HandOver{Agent: "boss"}, want: assignee{note: "may not own it"},
			prepare: func(h *harness, boss provision.Identity) { h.update(boss.ID, roles("light")); h.drain() }},
	}
	each(t, nil, func(h *harness) {
		h.agents()
		h.rule("boss", provision.RoleAdmin, nil, nil)
		h.rule("light", provision.RoleLimited, nil, nil)
		peer := h.agent("peer")
		for i, tt := range tests {
			h.sub(tt.name, func() {
				name := fmt.Sprintf("boss%d", i)
				h.desk.HandOver = tt.policy
				if tt.policy.Agent == "boss" {
					h.desk.HandOver.Agent = name + "@" + domain
				}
				h.must(h.store.SaveDesk(h.Context(), h.desk))
				boss := h.person(name, roles("boss"))
				leaver := h.person(fmt.Sprintf("leaver%d", i), func(i *provision.Identity) {
					roles("agent")(i)
					if tt.manager != nil {
						i.Attributes[provision.AttributeManager] = []string{tt.manager(boss)}
					}
				})
				h.drain()
				if tt.prepare != nil {
					tt.prepare(h, boss)
				}
				h.handsOver(leaver, boss, peer, tt.want)
			})
		}
	})
}

// managedBy gives somebody a manager.
func (h *harness) managedBy(id provision.Identity, manager string) provision.Identity {
	h.Helper()
	h.update(id.ID, func(i *provision.Identity) {
		i.Attributes = provision.Attributes{"roles": i.Attributes["roles"], provision.AttributeManager: {manager}}
	})
	return id
}

// assignee is who gets a leaver's conversations.
type assignee struct {
	boss, peer bool   // all go to them
	team       string // all go there
	note       string // part of the note
}

// handsOver has a leaver with three conversations leave.
func (h *harness) handsOver(leaver, boss, peer provision.Identity, want assignee) {
	h.Helper()
	user := h.account(leaver.ID).DeskUser
	count := func() (atBoss, atPeer, atTeam int) {
		return len(h.openOf(h.account(boss.ID).DeskUser)), len(h.openOf(h.account(peer.ID).DeskUser)), h.snapshot().Assigned["Tier 1"]
	}
	_, atPeer, atTeam := count()
	for range 3 {
		h.conversation(user)
	}
	h.suspend(leaver.ID)
	h.drain()
	h.state(leaver.ID, provision.AccountEnded)
	if left := h.openOf(user); len(left) > 0 {
		h.Errorf("%d conversations are still the leaver's", len(left))
	}
	gotBoss, gotPeer, gotTeam := count()
	for _, got := range []struct {
		who string
		n   int
		all bool
	}{{"boss", gotBoss, want.boss}, {"peer", gotPeer - atPeer, want.peer}, {"team", gotTeam - atTeam, want.team != ""}} {
		if got.all && got.n != 3 || !got.all && got.n != 0 {
			h.Errorf("%s got %d conversations; all: %v", got.who, got.n, got.all)
		}
	}
	entries := h.handOvers(leaver.ID)
	if len(entries) != 3 {
		h.Errorf("%d entries in the log, want 3", len(entries))
	}
	for _, detail := range entries {
		note, _ := detail["note"].(string)
		if !strings.Contains(note, want.note) || want.note == "" && note != "" {
			h.Errorf("note %q, want %q", note, want.note)
		}
	}
}

// TestHandOverWithACap: nobody gets more than the cap, with what they have already,
// and the rest goes to the queue.
func TestHandOverWithACap(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver = provision.HandOver{To: provision.HandOverRoundRobin, Cap: 4} }, func(h *harness) {
		h.agents()
		bob, cid := h.agent("bob"), h.agent("cid")
		for range 3 {
			h.conversation(h.account(bob.ID).DeskUser)
		}
		leaver := h.agent("ann")
		for range 9 {
			h.conversation(h.account(leaver.ID).DeskUser)
		}
		h.suspend(leaver.ID)
		h.drain()
		h.state(leaver.ID, provision.AccountEnded)
		if b, c := len(h.openOf(h.account(bob.ID).DeskUser)), len(h.openOf(h.account(cid.ID).DeskUser)); b != 4 || c != 4 {
			h.Errorf("they have %d and %d, want 4 each", b, c)
		}
		queue := 0
		for _, detail := range h.handOvers(leaver.ID) {
			if note, _ := detail["note"].(string); detail["to"] == "unassigned" && strings.Contains(note, "cap") {
				queue++
			}
		}
		if queue != 4 {
			h.Errorf("%d in the queue, want 4", queue)
		}
	})
}

func TestHandOverInTurn(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverRoundRobin }, func(h *harness) {
		h.agents()
		assignees := []provision.Identity{h.agent("bob"), h.agent("cid"), h.agent("dan")}
		leaver := h.agent("ann")
		user := h.account(leaver.ID).DeskUser
		for range 7 {
			h.conversation(user)
		}
		h.suspend(leaver.ID)
		h.drain()
		var got []int
		for _, assignee := range assignees {
			got = append(got, len(h.openOf(h.account(assignee.ID).DeskUser)))
		}
		if got[0]+got[1]+got[2] != 7 || got[0] < 2 || got[1] < 2 || got[2] < 2 {
			h.Errorf("shares %v of 7", got)
		}
	})
}

func TestHandOverOfManyPages(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverTeam }, func(h *harness) {
		h.agents()
		leaver := h.agent("ann")
		user := h.account(leaver.ID).DeskUser
		const many = 104
		for range many {
			h.conversation(user)
		}
		h.suspend(leaver.ID)
		h.drain()
		h.state(leaver.ID, provision.AccountEnded)
		if got := h.snapshot().Assigned["Tier 1"]; got != many {
			h.Errorf("%d handed over, want %d", got, many)
		}
		if got := len(h.handOvers(leaver.ID)); got != many {
			h.Errorf("%d entries in the log, want %d", got, many)
		}
		h.oneEntryEach(leaver.ID)
	})
}

// TestHandOverRefused checks that a conversation that cannot be handed over
// does not keep a leaver's access alive, and is not lost with the account.
func TestHandOverRefused(t *testing.T) {
	each(t, func(s *settings) { s.desk.OnLeave = provision.LeaveDelete }, func(h *harness) {
		h.agents()
		leaver := h.agent("ann")
		user := h.account(leaver.ID).DeskUser
		stuck, free := h.conversation(user), h.conversation(user)
		h.faults.refuse = func(conversation string) error {
			if conversation == stuck {
				return desk.Errorf(desk.Permanent, "conversation %s is locked", stuck)
			}
			return nil
		}
		h.faults.before = func(_ int, call string) error { // with these the built-in desk would unassign what is left
			if call == "SetRole" || call == "ChangeMailboxes" {
				return errPretend
			}
			return nil
		}
		h.suspend(leaver.ID)
		h.drain()
		h.pass(8 * time.Second) // what is shown late is waited for, before anybody is asked
		a := h.account(leaver.ID)
		if a.State == provision.AccountEnded || h.user(leaver.Profile.Email) == nil || h.user(leaver.Profile.Email).Active {
			h.Fatalf("%s (%s), user %+v: want access to end, and the user to stay", a.State, a.Reason, h.user(leaver.Profile.Email))
		}
		if !strings.Contains(a.Reason, "is locked") {
			h.Errorf("reason %q", a.Reason)
		}
		if left := h.openOf(user); len(left) != 1 || left[0] != stuck || left[0] == free {
			h.Errorf("still theirs: %v, want only %s", left, stuck)
		}
		h.faults.refuse = nil
		h.faults.reset()
		h.pass(11 * time.Minute)
		h.state(leaver.ID, provision.AccountEnded)
		if h.user(leaver.Profile.Email) != nil {
			h.Error("the user is still there")
		}
		h.oneEntryEach(leaver.ID)
	})
}
